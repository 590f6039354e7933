"""A cluster in this process for tests of controllers: a store, the API's rules, and no time.

What controllers do is driven turn by turn of the event loop until nothing changes any more. The
kubelet is a stand-in that makes each placed pod Ready at once, and lets deleted ones go.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network
from typing import Any

from upgrade_e2e_simulator.api.addresses import ServiceAddresses
from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.gate import Gate
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.controllers.controller import Controller, Place
from upgrade_e2e_simulator.controllers.pods import is_active, is_ready
from upgrade_e2e_simulator.parameters import Parameters
from upgrade_e2e_simulator.store import Change, Object, Store, name_of

__all__ = ["SPACE", "Cluster", "in_process", "node", "pod", "put_node", "template"]

_QUIET_TURNS = 40
_MOST_TURNS = 20_000
SPACE = "default"
"""The namespace of everything that names none."""


class Kubelets(Controller):
    """All kubelets: a pod that has a node is Ready, unless `holds_back` says otherwise."""

    watches = ("pods",)
    resyncs = "pods"

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.holds_back: Callable[[Object], bool] = lambda _: False
        self.ends_pods = True

    def places(self, change: Change) -> Iterable[Place]:
        """The pod."""
        return [(change.key.namespace, change.key.name)]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        live = self.client.cached("pods", namespace, name)
        if live is None or not live["spec"].get("nodeName"):
            return
        if "deletionTimestamp" in live["metadata"]:
            if self.ends_pods:
                await self.client.delete("pods", live, grace_s=0)
        elif live["status"].get("phase") == "Pending":
            await self.report(live, ready=not self.holds_back(live))

    async def report(self, live: Object, *, ready: bool) -> None:
        """Report a running pod."""
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": now()}
        address = live["status"].get("podIP") or f"127.9.32.{self.client.registry.store.revision}"
        status = {**live["status"], "phase": "Running", "podIP": address}
        await self.client.put_status("pods", live, {**status, "conditions": [condition]})


class Cluster:
    """A store with the API's rules on it; controllers run from `start` on."""

    def __init__(self) -> None:
        self.store = Store()
        self.parameters = Parameters()
        gate = Gate(self.parameters.api)
        gate.opened()
        gate.storage.set()
        services = ServiceAddresses(IPv4Network("127.9.16.0/20"))
        self.registry = Registry(self.store, services)
        self.client = Client(self.registry, gate)
        self.kubelets = Kubelets(self.client)
        self._running: list[Controller] = []

    async def start(self, *controllers: Controller) -> None:
        """Run these from now on, and the kubelets."""
        await self.create("namespaces", {"metadata": {"name": SPACE}})
        await self.run(self.kubelets, *controllers)

    async def run(self, *controllers: Controller) -> None:
        """Run these too."""
        for controller in controllers:
            controller.start()
            self._running.append(controller)
        await self.settle()

    async def stop(self) -> None:
        """Stop everything."""
        for controller in self._running:
            await controller.stop()

    async def create(self, resource: str, obj: Object) -> Object:
        """Create an object, by default in the namespace `default`."""
        if resource_named(resource).namespaced:
            obj = {**obj, "metadata": {"namespace": SPACE, **obj["metadata"]}}
        return await self.client.create(resource, obj)

    async def age_taints(self, name: str) -> None:
        """Make the taints of a node a minute older than they are."""
        taints = [
            {**taint, "timeAdded": now(-60)}
            for taint in self.get("nodes", name)["spec"].get("taints") or ()
        ]
        await self.spec("nodes", name, taints=taints)

    async def spec(self, resource: str, name: str, **changed: Any) -> None:
        """Change fields of an object's spec."""
        live = self.get(resource, name)
        await self.client.change(
            resource, live, lambda old: {**old, "spec": {**old["spec"], **changed}}
        )

    def get(self, resource: str, name: str) -> Object:
        """The object, which must be there."""
        space = SPACE if resource_named(resource).namespaced else ""
        found = self.client.cached(resource, space, name)
        assert found is not None, f"there is no {resource} {name}"
        return found

    def all(self, resource: str) -> list[Object]:
        """All objects of a resource."""
        return list(self.client.all_cached(resource))

    def names(self, resource: str) -> list[str]:
        """The names of all objects of a resource."""
        return [name_of(obj) for obj in self.all(resource)]

    def active(self) -> list[Object]:
        """The pods that are neither over nor going."""
        return [found for found in self.all("pods") if is_active(found)]

    def ready(self) -> list[Object]:
        """The active pods that are Ready."""
        return [found for found in self.active() if is_ready(found)]

    def images(self) -> list[str]:
        """The images of the active pods."""
        return sorted(found["spec"]["containers"][0]["image"] for found in self.active())

    def nodes_of_pods(self) -> list[str]:
        """Where the active pods are, in order."""
        return sorted(str(found["spec"].get("nodeName", "")) for found in self.active())

    async def settle(self) -> None:
        """Let everything run until nothing changes any more."""
        quiet = 0
        for _ in range(_MOST_TURNS):
            before = self.store.revision
            await asyncio.sleep(0)
            quiet = quiet + 1 if self.store.revision == before else 0
            if quiet >= _QUIET_TURNS:
                return
        raise AssertionError("the controllers do not come to rest")


def in_process(test: Callable[..., Any]) -> Callable[..., None]:
    """An async test that takes a fresh Cluster first."""

    async def play(**given: Any) -> None:
        cluster = Cluster()
        try:
            await test(cluster, **given)
        finally:
            await cluster.stop()

    @functools.wraps(test)
    def run(**given: Any) -> None:
        asyncio.run(play(**given))

    _, *asked = inspect.signature(test).parameters.values()
    run.__signature__ = inspect.Signature(asked)  # type: ignore[attr-defined]
    return run


def template(image: str = "app:1", app: str = "web", **spec: Any) -> Object:
    """A pod template."""
    container = {"name": "c", "image": image}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **spec}}


def pod(name: str, app: str = "web", **spec: Any) -> Object:
    """A pod."""
    made = template(app=app, **spec)
    return {"metadata": {"name": name, **made["metadata"]}, "spec": made["spec"]}


def node(name: str, capacity: int = 110, labels: dict[str, str] | None = None, **spec: Any) -> Any:
    """A node whose kubelet says that it is Ready; `put_node` stores it with its status."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": now()}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": spec,
        "status": {"conditions": [ready], "allocatable": {"pods": str(capacity)}},
    }


async def put_node(cluster: Cluster, made: Object) -> Object:
    """Store a node and its status."""
    live = await cluster.create("nodes", made)
    return await cluster.client.put_status("nodes", live, made["status"])
