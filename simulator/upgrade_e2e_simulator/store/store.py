"""Objects by key, with optimistic locking, and a bounded history that watches start from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from upgrade_e2e_simulator.store.objects import Key, Object

__all__ = ["Change", "Compacted", "Exists", "Missing", "Stale", "Store"]

HISTORY_PER_RESOURCE = 20_000


class Exists(Exception):
    """There is an object under this key already."""


class Missing(Exception):
    """There is no object under this key."""


class Stale(Exception):
    """The object has changed since the revision that the caller knows."""


class Compacted(Exception):
    """The history no longer reaches back to the revision that was asked for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One commit. `old` is None for a creation; `gone` says that `new` is the last state."""

    revision: int
    key: Key
    old: Object | None
    new: Object
    gone: bool = False


Subscriber = Callable[[Change], None]


@dataclass
class _Shelf:
    """All objects of one resource, by namespace and name, and their recent changes."""

    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=deque)
    compacted: int = 0
    subscribers: list[Subscriber] = field(default_factory=list)


class Store:
    """A single-member etcd in memory. Not safe for threads: all of it lives on one event loop."""

    def __init__(self, history: int = HISTORY_PER_RESOURCE) -> None:
        self.revision = 1
        self._history = history
        self._shelves: dict[str, _Shelf] = {}

    def get(self, key: Key) -> Object | None:
        """The object under `key`; None when there is none."""
        return self._shelf(key.resource).objects.get(key.namespace, {}).get(key.name)

    def objects(self, resource: str, namespace: str = "") -> Iterator[Object]:
        """All objects of a resource by namespace and name; all namespaces when it is empty."""
        shelf = self._shelf(resource).objects
        for space in [namespace] if namespace else sorted(shelf):
            objects = shelf.get(space, {})
            for name in sorted(objects):
                yield objects[name]

    def count(self, resource: str) -> int:
        """How many objects of a resource there are."""
        return sum(len(space) for space in self._shelf(resource).objects.values())

    def create(self, key: Key, obj: Object) -> Object:
        """Keep a new object; returns it with its resourceVersion. Raises Exists."""
        if self.get(key) is not None:
            raise Exists(key)
        return self._commit(key, None, obj)

    def update(self, key: Key, obj: Object, expected: str = "") -> Object:
        """Replace an object. Raises Missing, and Stale unless it is at revision `expected`."""
        old = self._current(key, expected)
        return self._commit(key, old, obj)

    def remove(self, key: Key, expected: str = "") -> Object:
        """Delete an object; returns its last state. Raises Missing and Stale."""
        old = self._current(key, expected)
        return self._commit(key, old, old, gone=True)

    def subscribe(self, resource: str, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` at every commit to `resource`; returns what ends it."""
        subscribers = self._shelf(resource).subscribers
        subscribers.append(subscriber)
        return lambda: subscribers.remove(subscriber) if subscriber in subscribers else None

    def since(self, resource: str, revision: int) -> list[Change]:
        """The changes after `revision`, oldest first. Raises Compacted."""
        shelf = self._shelf(resource)
        if revision < shelf.compacted:
            raise Compacted(f"{revision} ({shelf.compacted})")
        return [change for change in shelf.history if change.revision > revision]

    def compact(self) -> None:
        """Forget all history up to now, as etcd does every five minutes."""
        for shelf in self._shelves.values():
            shelf.history.clear()
            shelf.compacted = self.revision

    def _shelf(self, resource: str) -> _Shelf:
        shelf = self._shelves.get(resource)
        if shelf is None:
            shelf = self._shelves[resource] = _Shelf()
        return shelf

    def _current(self, key: Key, expected: str) -> Object:
        old = self.get(key)
        if old is None:
            raise Missing(key)
        if expected and expected != old["metadata"]["resourceVersion"]:
            raise Stale(key)
        return old

    def _commit(self, key: Key, old: Object | None, obj: Object, *, gone: bool = False) -> Object:
        self.revision += 1
        meta = {**obj["metadata"], "resourceVersion": str(self.revision)}
        new = {**obj, "metadata": meta}
        shelf = self._shelf(key.resource)
        if gone:
            del shelf.objects[key.namespace][key.name]
        else:
            shelf.objects.setdefault(key.namespace, {})[key.name] = new
        change = Change(self.revision, key, old, new, gone)
        if len(shelf.history) >= self._history:
            shelf.compacted = shelf.history.popleft().revision
        shelf.history.append(change)
        for subscriber in tuple(shelf.subscribers):
            subscriber(change)
        return new
