"""What all controllers share: a queue of keys, one reconciliation at a time, trying again."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.gate import ServerDown
from upgrade_e2e_simulator.api.status import StatusError
from upgrade_e2e_simulator.ending import end_tasks, report_crash
from upgrade_e2e_simulator.store import Change, Object, name_of, namespace_of

__all__ = ["Controller", "Place", "controller_of", "owner_reference"]

_log = logging.getLogger(__name__)
_RETRY_S = 0.1
_STORED_ERRORS = (500, 504)

Place = tuple[str, str]
"""Namespace and name."""


class Controller(ABC):
    """Reconciles the objects of `watches` and whatever they are mapped to.

    `watches` names resources; a change of one is mapped by `places` to the keys to reconcile.
    """

    watches: tuple[str, ...] = ()
    resyncs: str = ""
    """The resource of which every object is reconciled when the controller starts."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._waiting: dict[Place, None] = {}
        self._wake = asyncio.Event()
        self._unsubscribe: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()

    @abstractmethod
    def places(self, change: Change) -> Iterable[Place]:
        """What is to be reconciled after a change."""

    @abstractmethod
    async def reconcile(self, namespace: str, name: str) -> None:
        """Bring one object closer to its spec; called again when that fails."""

    def start(self) -> None:
        """Begin to work."""
        for resource in self.watches:
            self._unsubscribe.append(self.client.subscribe(resource, self._hear))
        for obj in self.client.all_cached(self.resyncs):
            self.enqueue((namespace_of(obj), name_of(obj)))
        self._task = asyncio.create_task(self._run(), name=type(self).__name__)
        self._task.add_done_callback(report_crash)

    async def stop(self) -> None:
        """Stop working; nothing is lost, since the next start looks at everything."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()
        if self._task is not None:
            await end_tasks([self._task])

    def enqueue(self, place: Place) -> None:
        """Reconcile this soon."""
        self._waiting[place] = None
        self._wake.set()

    def enqueue_after(self, place: Place, delay_s: float) -> None:
        """Reconcile this later."""

        def due() -> None:
            self._timers.discard(timer)
            self.enqueue(place)

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)

    def _hear(self, change: Change) -> None:
        for place in self.places(change):
            self.enqueue(place)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                place = next(iter(self._waiting))
                del self._waiting[place]
                await self._reconcile_one(place)
                await asyncio.sleep(0)

    async def _reconcile_one(self, place: Place) -> None:
        try:
            await self.reconcile(*place)
        except ServerDown:
            self.enqueue_after(place, _RETRY_S)
        except StatusError as error:
            if error.code not in {404, 409, *_STORED_ERRORS}:
                _log.warning("%s of %s/%s: %s", type(self).__name__, *place, error)
            self.enqueue_after(place, _RETRY_S)


def owner_reference(owner: Object) -> Object:
    """The ownerReference of what `owner` controls."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> Object | None:
    """The ownerReference of the controller of `obj`; None when it has none."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Object = reference
            return found
    return None
