"""How the components inside the simulator talk to the API: the same rules, without sockets.

A component is refused while the server is down and waits while it is frozen or without storage,
as one that talks over the network would.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from upgrade_e2e_simulator.api.deletion import DeleteOptions
from upgrade_e2e_simulator.api.gate import Gate, ServerDown
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.status import StatusError
from upgrade_e2e_simulator.api.subresources import bind, finalize
from upgrade_e2e_simulator.store import Change, Key, Object, name_of, namespace_of

__all__ = ["TRANSIENT", "Client"]

TRANSIENT = (ServerDown, StatusError)
"""What a call may raise; a component tries again."""


async def _no_limit() -> None:
    return None


class Client:
    """The API for one component; `limit` is awaited before each call (a rate limit)."""

    def __init__(
        self, registry: Registry, gate: Gate, limit: Callable[[], Awaitable[None]] = _no_limit
    ) -> None:
        self.registry = registry
        self.gate = gate
        self._limit = limit

    def limited(self, limit: Callable[[], Awaitable[None]]) -> Client:
        """The same API behind a rate limit."""
        return Client(self.registry, self.gate, limit)

    def cached(self, resource: str, namespace: str, name: str) -> Object | None:
        """The object as the component's own cache has it; needs no server."""
        return self.registry.store.get(Key(resource, namespace, name))

    def all_cached(self, resource: str, namespace: str = "") -> Iterator[Object]:
        """All objects, from the component's own cache."""
        return self.registry.store.objects(resource, namespace)

    def subscribe(self, resource: str, told: Callable[[Change], None]) -> Callable[[], None]:
        """Calls `told` for every change; returns what ends it."""
        return self.registry.store.subscribe(resource, told)

    async def get(self, resource: str, namespace: str, name: str) -> Object:
        """GET."""
        await self._pass()
        return self.registry.get(resource_named(resource), namespace, name)

    async def create(self, resource: str, obj: Object) -> Object:
        """POST."""
        await self._pass()
        return self.registry.create(resource_named(resource), namespace_of(obj), obj)

    async def update(self, resource: str, obj: Object) -> Object:
        """PUT, with the resourceVersion that `obj` has."""
        await self._pass()
        kind = resource_named(resource)
        return self.registry.update(kind, namespace_of(obj), name_of(obj), obj)

    async def change(
        self,
        resource: str,
        obj: Object,
        changed: Callable[[Object], Object],
        subresource: str = "",
    ) -> Object:
        """PATCH of the object of that name, if it is still the same one (uid)."""
        await self._pass()
        kind = resource_named(resource)
        self._same(resource, obj)
        return self.registry.change(
            kind, namespace_of(obj), name_of(obj), changed, subresource=subresource
        )

    async def put_status(self, resource: str, obj: Object, status: Object) -> Object:
        """PATCH of the status; a status that changes nothing costs the call all the same."""
        return await self.change(resource, obj, lambda live: {**live, "status": status}, "status")

    async def bind(self, pod: Object, node: str) -> None:
        """POST of a binding: the pod is to run on that node."""
        await self._pass()
        bind(self.registry, namespace_of(pod), name_of(pod), node)

    async def finalize_namespace(self, name: str) -> None:
        """PUT of a namespace without finalizers: nothing is left in it."""
        await self._pass()
        finalize(self.registry, name)

    async def delete(self, resource: str, obj: Object, grace_s: int | None = None) -> None:
        """DELETE of exactly this object (uid)."""
        await self._pass()
        options = DeleteOptions(grace_s=grace_s, uid=obj["metadata"]["uid"])
        kind = resource_named(resource)
        self.registry.delete(kind, namespace_of(obj), name_of(obj), options)

    async def _pass(self) -> None:
        await self._limit()
        await self.gate.pass_component()

    def _same(self, resource: str, obj: Object) -> None:
        kind = resource_named(resource)
        live = self.registry.get(kind, namespace_of(obj), name_of(obj))
        DeleteOptions(uid=obj["metadata"]["uid"]).check(kind, live)
