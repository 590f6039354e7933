"""What became of each churned pod, read from watch events; pure, without any API calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from upgrade_e2e.cluster.asking import condition
from upgrade_e2e.timeline import Outcome

__all__ = ["Measured", "PodTracker", "TrackedPod"]

READY, GONE = "started-to-ready", "deleted-to-gone"
STARTED = "created-to-started"


@dataclass(frozen=True)
class Measured:
    """One measured duration of a pod, between two events; times in seconds since the origin."""

    stream: str
    node: str
    from_s: float
    to_s: float
    outcome: Outcome = Outcome.OK


@dataclass
class TrackedPod:
    """What is known of one pod; None for what has not been seen yet.

    `created_s` is when the API was asked for it, `known_s` when it was first known to exist.
    """

    name: str
    node: str
    created_s: float
    known_s: float | None = None
    started_s: float | None = None
    ready_s: float | None = None
    deleted_s: float | None = None
    overdue: set[str] = field(default_factory=set)

    def was_there(self, at_s: float) -> bool:
        """Whether it was known to exist by then."""
        return self.known_s is not None and self.known_s <= at_s


@dataclass
class PodTracker:
    """All pods that are alive, and what has been measured.

    `wall_zero_s` is the wall clock at the origin: the kubelet's `startedAt` is wall time, cut to
    whole seconds. A duration that began at `startedAt` is therefore too long by up to a second.
    One that is not over after `timeout_s` is a timeout, once.
    """

    wall_zero_s: float
    timeout_s: float
    seen: list[Measured] = field(default_factory=list)
    starts: list[Measured] = field(default_factory=list)
    """From when a pod was first known to exist to its container's start; apart from `seen`, because
    what is claimed about the pods that come and go is not about these."""
    _alive: dict[str, TrackedPod] = field(default_factory=dict)
    _strays: dict[str, str] = field(default_factory=dict)
    """Pods that exist although the API was not known to have accepted them, with their nodes."""

    def created(self, name: str, node: str, now_s: float) -> None:
        """The API is asked for a pod."""
        self._alive[name] = TrackedPod(name, node, now_s)

    def accepted(self, name: str, now_s: float) -> None:
        """The API has accepted a pod; it may be gone already by now."""
        if (tracked := self._alive.get(name)) is not None and tracked.known_s is None:
            tracked.known_s = now_s

    def not_created(self, name: str, now_s: float) -> None:
        """The API gave no answer that it accepted a pod: the answer may have been lost.

        One that was seen ready meanwhile stays tracked; others that exist become strays.
        """
        tracked = self._alive.get(name)
        if tracked is None or tracked.ready_s is not None:
            return
        del self._alive[name]
        if READY not in tracked.overdue:
            failed = Measured(READY, tracked.node, tracked.created_s, now_s, Outcome.CREATE_FAILED)
            self.seen.append(failed)

    def deleted(self, name: str, now_s: float) -> None:
        """The API has accepted a deletion."""
        self.accepted(name, now_s)
        tracked = self._alive.get(name)
        if tracked is not None and tracked.deleted_s is None:
            tracked.deleted_s = now_s

    def listed(self, pods: Iterable[Mapping[str, Any]], asked_s: float, now_s: float) -> None:
        """A full list, asked for at `asked_s`: what was there by then and is not in it is gone.

        A pod whose creation is still under way is not yet in it, and not gone.
        """
        present = {pod["metadata"]["name"]: pod for pod in pods}
        for pod in present.values():
            self.changed(pod, now_s)
        there = [name for name, tracked in self._alive.items() if tracked.was_there(asked_s)]
        for name in [*there, *self._strays]:
            if name not in present:
                self.gone(name, now_s)

    def changed(self, pod: Mapping[str, Any], now_s: float) -> None:
        """The watch shows a pod as it is now."""
        tracked = self._alive.get(pod["metadata"]["name"])
        if tracked is None:
            self._strays[pod["metadata"]["name"]] = pod["spec"].get("nodeName", "")
            return
        self.accepted(tracked.name, now_s)
        if tracked.started_s is None and (started := _started_at(pod)) is not None:
            tracked.started_s = min(started - self.wall_zero_s, now_s)
            self._note_start(tracked, tracked.started_s)
        if pod["metadata"].get("deletionTimestamp"):
            self.deleted(tracked.name, now_s)
        elif tracked.ready_s is None and condition(pod, "Ready"):
            tracked.ready_s = now_s
            if READY not in tracked.overdue:
                begun_s = now_s if tracked.started_s is None else tracked.started_s
                self.seen.append(Measured(READY, tracked.node, begun_s, now_s))

    def gone(self, name: str, now_s: float) -> None:
        """The watch shows that a pod is no more.

        One that vanished without a deletion that we know of has none to measure.
        """
        self._strays.pop(name, None)
        tracked = self._alive.pop(name, None)
        if tracked is not None and tracked.deleted_s is not None and GONE not in tracked.overdue:
            self.seen.append(Measured(GONE, tracked.node, tracked.deleted_s, now_s))

    def expire(self, now_s: float) -> None:
        """Note what is overdue."""
        self._give_up(now_s, self.timeout_s)

    def close(self, now_s: float) -> None:
        """No more will be seen: what is unfinished has lasted at least until now."""
        self._give_up(now_s, 0.0)

    def to_delete(self, node: str) -> list[str]:
        """The pods of a node that are no longer needed: ready, overdue, or strays."""
        strays = [name for name, where in self._strays.items() if where == node]
        return strays + [
            tracked.name
            for tracked in self._alive.values()
            if tracked.node == node
            and tracked.deleted_s is None
            and (tracked.ready_s is not None or READY in tracked.overdue)
        ]

    def any_alive(self) -> str:
        """The name of the youngest pod that is alive and not being deleted; empty without any."""
        young = (
            tracked.name for tracked in reversed(self._alive.values()) if tracked.deleted_s is None
        )
        return next(young, "")

    def alive(self, node: str = "") -> int:
        """How many pods exist, on one node or on all."""
        return sum(1 for tracked in self._alive.values() if node in ("", tracked.node))

    def unfinished(self) -> int:
        """How many durations have begun and are neither over nor overdue."""
        return sum(
            stream not in tracked.overdue
            for tracked in self._alive.values()
            for stream, _ in _unfinished(tracked)
        )

    def _note_start(self, tracked: TrackedPod, started_s: float) -> None:
        """Its container runs: not since before the pod, although `startedAt` is cut."""
        if tracked.known_s is not None and STARTED not in tracked.overdue:
            until_s = max(started_s, tracked.known_s)
            self.starts.append(Measured(STARTED, tracked.node, tracked.known_s, until_s))

    def _give_up_start(self, tracked: TrackedPod, now_s: float) -> None:
        """It has not become ready in time; perhaps because its container never started."""
        if tracked.started_s is None and tracked.known_s is not None:
            tracked.overdue.add(STARTED)
            given_up = Measured(STARTED, tracked.node, tracked.known_s, now_s, Outcome.TIMEOUT)
            self.starts.append(given_up)

    def _give_up(self, now_s: float, after_s: float) -> None:
        for tracked in self._alive.values():
            for stream, begun_s in _unfinished(tracked):
                if stream not in tracked.overdue and now_s - begun_s >= after_s:
                    tracked.overdue.add(stream)
                    self.seen.append(
                        Measured(stream, tracked.node, begun_s, now_s, Outcome.TIMEOUT)
                    )
                    if stream == READY:
                        self._give_up_start(tracked, now_s)


def _unfinished(tracked: TrackedPod) -> Iterator[tuple[str, float]]:
    """The durations that have begun: a pod that never starts counts from its creation."""
    if tracked.deleted_s is not None:
        yield GONE, tracked.deleted_s
    elif tracked.ready_s is None:
        yield READY, tracked.created_s if tracked.started_s is None else tracked.started_s


def _started_at(pod: Mapping[str, Any]) -> float | None:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        running = container.get("state", {}).get("running")
        if running and running.get("startedAt"):
            return datetime.fromisoformat(running["startedAt"]).timestamp()
    return None
