"""Kills, and the room that nodes have, as the API shows them while a pass is watched."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.kills import Kill, kills_of_event, kills_of_pod
from upgrade_e2e.observers.room_left import RESOURCES, NodeRoom, rooms_of
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import Readings, SamplesBuilder, Series, Span, Window

__all__ = ["ALLOCATABLE", "REQUESTED", "ResourceWatch"]

ALLOCATABLE, REQUESTED = "node_allocatable", "node_requested"
"""Metrics of the readings below, with the label `resource`; kills are those of `kills`."""
_KUBE_SYSTEM = "kube-system"
_ASK_S = 10.0
_JOIN_S = 15.0
_WARNINGS = [("fieldSelector", "type=Warning"), ("resourceVersion", "0")]
_FROM_CACHE = [("resourceVersion", "0")]


class ResourceWatch:
    """Asks every `every_s` which pods and events show a kill, and for the nodes' room twice.

    A kill that was there before is none of this pass. What the API shows for less than `every_s`
    may be missed, such as a pod that is deleted at once; counters of the kubelets show it then.
    """

    def __init__(self, context: DeployContext, label: str, every_s: float) -> None:
        self._context, self._every_s = context, every_s
        self._namespaces = (_KUBE_SYSTEM, context.namespace)
        self._known: set[tuple[str, str, str]] | None = None
        self._kills: list[tuple[float, Kill]] = []
        self._rooms: list[tuple[float, NodeRoom]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = BackgroundThreads({f"{label}-kills": self._run})

    def start(self) -> None:
        """See BackgroundTask."""
        self._threads.start()

    def missing(self) -> str:
        """See BackgroundTask."""
        with self._lock:
            ready = self._known is not None and bool(self._rooms)
        return "" if ready else "the API has not yet shown which pods there are, and their nodes"

    def status_line(self) -> str:
        """See BackgroundTask."""
        with self._lock:
            kills = len(self._kills)
        return f"{kills} killed" if kills else ""

    def stop(self) -> None:
        """See BackgroundTask: asks once more, so that the end is known as well as the beginning."""
        if self._ended.is_set():
            return
        works = self._threads.alive
        self._ended.set()
        self._threads.join(_JOIN_S)
        if works:
            self._look()
            self._read_room()

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask: it probes nothing at a fixed rate."""

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask: it changes nothing."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._threads.broken

    def readings(self, window: Window) -> Readings:
        """See TakesReadings: kills inside of `window`, and the room at its two ends."""
        with self._lock:
            kills, rooms = list(self._kills), list(self._rooms)
        # The last look is taken when the window has closed, at what happened inside of it.
        inside = [(min(at_s, window.end_s), kill) for at_s, kill in kills if at_s >= window.start_s]
        rooms_at_ends = _series_of_rooms(_at_ends(rooms), window)
        return Readings((*_series_of_kills(inside), *rooms_at_ends))

    def _run(self) -> None:
        while True:
            self._look()
            if not self._rooms:
                self._read_room()
            if self._ended.wait(self._every_s):
                return

    def _look(self) -> None:
        try:
            seen = [*self._kills_of_pods(), *self._kills_of_events()]
        except TRANSIENT_API_ERRORS:
            return  # the API server is away; what it shows then it shows later as well
        now_s = self._context.origin.now_s()
        keys = {(kill.what, kill.source, kill.key) for kill in seen}
        with self._lock:
            if self._known is None:
                self._known = keys
                return
            fresh = [k for k in seen if (k.what, k.source, k.key) not in self._known]
            self._kills += [(now_s, kill) for kill in fresh]
            self._known |= keys

    def _kills_of_pods(self) -> Iterator[Kill]:
        for namespace in self._namespaces:
            for pod in self._items(f"/api/v1/namespaces/{namespace}/pods", _FROM_CACHE):
                yield from kills_of_pod(pod)

    def _kills_of_events(self) -> Iterator[Kill]:
        for event in self._items("/api/v1/events", _WARNINGS):
            yield from kills_of_event(event, self._namespaces)

    def _read_room(self) -> None:
        try:
            nodes = self._items("/api/v1/nodes", _FROM_CACHE)
            found = list(rooms_of(nodes, self._items("/api/v1/pods", _FROM_CACHE)))
        except TRANSIENT_API_ERRORS:
            return
        now_s = self._context.origin.now_s()
        with self._lock:
            self._rooms += [(now_s, room) for room in found]

    def _items(self, path: str, query: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        answer = self._context.cluster.api.request("GET", path, query=query, timeout_s=_ASK_S)
        found: list[dict[str, Any]] = json.loads(answer)["items"]
        return found


def _series_of_kills(kills: Iterable[tuple[float, Kill]]) -> Iterator[Series]:
    """One series for each kill, with one value: how many it is."""
    for at_s, kill in kills:
        yield _series(kill.what, kill.node, kill.labels, [(at_s, 1.0)])


def _at_ends(rooms: list[tuple[float, NodeRoom]]) -> list[tuple[float, NodeRoom]]:
    """Of each node the first room and the last: a node that joined has its first one later."""
    ends: dict[str, list[tuple[float, NodeRoom]]] = {}
    for at_s, room in rooms:
        ends.setdefault(room.node, []).append((at_s, room))
    return [one for of_node in ends.values() for one in (of_node[0], *of_node[1:][-1:])]


def _series_of_rooms(rooms: Iterable[tuple[float, NodeRoom]], window: Window) -> Iterator[Series]:
    by_node: dict[str, list[tuple[float, NodeRoom]]] = {}
    for at_s, room in rooms:
        # The first is read while probers get ready, the last once they have stopped.
        held_s = min(max(at_s, window.start_s), window.end_s)
        by_node.setdefault(room.node, []).append((held_s, room))
    for node, of_node in by_node.items():
        for resource in RESOURCES:
            labels = {"resource": resource}
            yield _series(
                ALLOCATABLE, node, labels, [(s, room.allocatable[resource]) for s, room in of_node]
            )
            yield _series(
                REQUESTED, node, labels, [(s, room.requested[resource]) for s, room in of_node]
            )


def _series(
    metric: str, node: str, labels: Mapping[str, str], values: list[tuple[float, float]]
) -> Series:
    return Series(
        metric=metric,
        node=node,
        labels=labels,
        at_us=np.array([round(at_s * 1e6) for at_s, _ in values], np.int64),
        value=np.array([value for _, value in values], np.float64),
    )
