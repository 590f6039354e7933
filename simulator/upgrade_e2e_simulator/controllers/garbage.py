"""Garbage collection: what belongs to nobody any more goes, by ownerReferences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.deletion import FOREGROUND, ORPHAN
from upgrade_e2e_simulator.api.resources import RESOURCES
from upgrade_e2e_simulator.controllers.controller import Controller, Place
from upgrade_e2e_simulator.store import Change, Key, Object, name_of, namespace_of

__all__ = ["GarbageCollector"]

_WATCHED = tuple(
    resource.name for resource in RESOURCES if resource.name != "leases.coordination.k8s.io"
)


class GarbageCollector(Controller):
    """Works by uid: a place is ("", uid of an owner) that is gone or going."""

    watches = _WATCHED

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._alive: dict[str, Key] = {}
        self._children: dict[str, set[Key]] = {}

    def start(self) -> None:
        """See Controller; what lost its owner while nobody looked is found here."""
        super().start()
        self._alive.clear()
        self._children.clear()
        for resource in _WATCHED:
            for obj in self.client.all_cached(resource):
                self._learn(Key(resource, namespace_of(obj), name_of(obj)), obj)
        for uid in self._children.keys() - self._alive.keys():
            self.enqueue(("", uid))
        for uid, key in self._alive.items():
            found = self.client.cached(*key)
            if found is not None and _held(found):
                self.enqueue(("", uid))

    def places(self, change: Change) -> Iterable[Place]:
        """What is gone, what waits for its dependents, and what a dependent was waited for by."""
        uid, owners = change.new["metadata"]["uid"], _owners(change.new)
        if change.gone:
            self._alive.pop(uid, None)
            for owner in owners:
                self._children.get(owner, set()).discard(change.key)
            return [("", uid), *(("", owner) for owner in owners)]
        self._learn(change.key, change.new)
        if _held(change.new):
            return [("", uid)]
        return [("", owner) for owner in owners if owner not in self._alive]

    def _learn(self, key: Key, obj: Object) -> None:
        self._alive[obj["metadata"]["uid"]] = key
        for owner in _owners(obj):
            self._children.setdefault(owner, set()).add(key)

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller: `name` is the uid of an owner."""
        del namespace
        key = self._alive.get(name)
        if key is None:
            await self._collect(name)
            return
        owner = self.client.cached(*key)
        held = _held(owner) if owner is not None else ""
        if owner is not None and held:
            await self._let_go(key.resource, owner, held)

    async def _collect(self, uid: str) -> None:
        """The owner is gone: delete what no other owner keeps."""
        for resource, obj in list(self._dependents(uid)):
            if not _owners(obj) & self._alive.keys():
                await self._delete(resource, obj)
        if not self._children.get(uid):
            self._children.pop(uid, None)

    async def _let_go(self, resource: str, owner: Object, held: str) -> None:
        """The owner waits: orphan its dependents, or delete them first."""
        uid = owner["metadata"]["uid"]
        dependents = list(self._dependents(uid))
        for kind, obj in dependents:
            if held == ORPHAN:
                await self.client.change(kind, obj, lambda live: _released(live, uid))
            else:
                await self._delete(kind, obj)
        if held == FOREGROUND and dependents:
            return
        await self.client.change(resource, owner, lambda live: _without_finalizer(live, held))

    async def _delete(self, resource: str, obj: Object) -> None:
        if "deletionTimestamp" not in obj["metadata"]:
            await self.client.delete(resource, obj)

    def _dependents(self, uid: str) -> Iterator[tuple[str, Object]]:
        for key in sorted(self._children.get(uid, ())):
            obj = self.client.cached(*key)
            if obj is not None and uid in _owners(obj):
                yield key.resource, obj


def _held(obj: Object) -> str:
    """The finalizer of this controller that a deleted object waits for; empty when none."""
    if "deletionTimestamp" not in obj["metadata"]:
        return ""
    finalizers = obj["metadata"].get("finalizers") or ()
    return next((item for item in (ORPHAN, FOREGROUND) if item in finalizers), "")


def _owners(obj: Object) -> set[str]:
    return {reference["uid"] for reference in obj["metadata"].get("ownerReferences") or ()}


def _released(obj: Object, uid: str) -> Object:
    left = [item for item in obj["metadata"].get("ownerReferences") or () if item["uid"] != uid]
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": left}}


def _without_finalizer(obj: Object, finalizer: str) -> Object:
    left = [item for item in obj["metadata"].get("finalizers") or () if item != finalizer]
    return {**obj, "metadata": {**obj["metadata"], "finalizers": left}}
