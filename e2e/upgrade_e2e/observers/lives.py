"""The lives of churned pods, told from what a watch shows; pure, no API in here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from upgrade_e2e.cluster.asking import condition
from upgrade_e2e.timeline import Outcome

__all__ = ["Life", "Lives", "Seen"]

READY, GONE = "started-to-ready", "deleted-to-gone"


@dataclass(frozen=True)
class Seen:
    """One measured stretch of a pod's life; times in seconds since the origin."""

    stream: str
    node: str
    from_s: float
    to_s: float
    outcome: Outcome = Outcome.OK


@dataclass
class Life:
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
class Lives:
    """All pods that are alive, and what has been measured.

    `wall_zero_s` is the wall clock at the origin: the kubelet's `startedAt` is wall time, cut to
    whole seconds. A stretch that began at `startedAt` is therefore too long by up to a second.
    A stretch that is not over after `timeout_s` is a timeout, once.
    """

    wall_zero_s: float
    timeout_s: float
    seen: list[Seen] = field(default_factory=list)
    _alive: dict[str, Life] = field(default_factory=dict)
    _strays: dict[str, str] = field(default_factory=dict)
    """Pods that exist although the API was not known to have accepted them, with their nodes."""

    def created(self, name: str, node: str, now_s: float) -> None:
        """The API is asked for a pod."""
        self._alive[name] = Life(name, node, now_s)

    def accepted(self, name: str, now_s: float) -> None:
        """The API has accepted a pod; it may be gone already by now."""
        if (life := self._alive.get(name)) is not None and life.known_s is None:
            life.known_s = now_s

    def not_created(self, name: str, now_s: float) -> None:
        """The API has not accepted a pod, as far as we know: the answer may have been lost.

        The life of one that was seen ready meanwhile goes on; others that exist become strays.
        """
        life = self._alive.get(name)
        if life is None or life.ready_s is not None:
            return
        del self._alive[name]
        if READY not in life.overdue:
            failed = Seen(READY, life.node, life.created_s, now_s, Outcome.CREATE_FAILED)
            self.seen.append(failed)

    def deleted(self, name: str, now_s: float) -> None:
        """The API has accepted a deletion."""
        self.accepted(name, now_s)
        life = self._alive.get(name)
        if life is not None and life.deleted_s is None:
            life.deleted_s = now_s

    def listed(self, pods: Iterable[Mapping[str, Any]], asked_s: float, now_s: float) -> None:
        """A full list, asked for at `asked_s`: what was there by then and is not in it is gone.

        A pod whose creation is still under way is not yet in it, and not gone.
        """
        present = {pod["metadata"]["name"]: pod for pod in pods}
        for pod in present.values():
            self.changed(pod, now_s)
        there = [name for name, life in self._alive.items() if life.was_there(asked_s)]
        for name in [*there, *self._strays]:
            if name not in present:
                self.gone(name, now_s)

    def changed(self, pod: Mapping[str, Any], now_s: float) -> None:
        """The watch shows a pod as it is now."""
        life = self._alive.get(pod["metadata"]["name"])
        if life is None:
            self._strays[pod["metadata"]["name"]] = pod["spec"].get("nodeName", "")
            return
        self.accepted(life.name, now_s)
        if life.started_s is None and (started := _started_at(pod)) is not None:
            life.started_s = min(started - self.wall_zero_s, now_s)
        if pod["metadata"].get("deletionTimestamp"):
            self.deleted(life.name, now_s)
        elif life.ready_s is None and condition(pod, "Ready"):
            life.ready_s = now_s
            if READY not in life.overdue:
                begun_s = now_s if life.started_s is None else life.started_s
                self.seen.append(Seen(READY, life.node, begun_s, now_s))

    def gone(self, name: str, now_s: float) -> None:
        """The watch shows that a pod is no more.

        One that vanished without a deletion that we know of has none to measure.
        """
        self._strays.pop(name, None)
        life = self._alive.pop(name, None)
        if life is not None and life.deleted_s is not None and GONE not in life.overdue:
            self.seen.append(Seen(GONE, life.node, life.deleted_s, now_s))

    def expire(self, now_s: float) -> None:
        """Note what is overdue."""
        self._give_up(now_s, self.timeout_s)

    def close(self, now_s: float) -> None:
        """No more will be seen: what is unfinished has lasted at least until now."""
        self._give_up(now_s, 0.0)

    def to_delete(self, node: str) -> list[str]:
        """The pods of a node whose purpose is fulfilled: ready, or overdue with that; strays."""
        strays = [name for name, where in self._strays.items() if where == node]
        return strays + [
            life.name
            for life in self._alive.values()
            if life.node == node
            and life.deleted_s is None
            and (life.ready_s is not None or READY in life.overdue)
        ]

    def any_alive(self) -> str:
        """The name of the youngest pod that is alive and not told to go; empty without any."""
        young = (life.name for life in reversed(self._alive.values()) if life.deleted_s is None)
        return next(young, "")

    def alive(self, node: str = "") -> int:
        """How many pods exist, on one node or on all."""
        return sum(1 for life in self._alive.values() if node in ("", life.node))

    def unfinished(self) -> int:
        """How many stretches have begun and are neither over nor overdue."""
        return sum(
            stream not in life.overdue
            for life in self._alive.values()
            for stream, _ in _unfinished(life)
        )

    def _give_up(self, now_s: float, after_s: float) -> None:
        for life in self._alive.values():
            for stream, begun_s in _unfinished(life):
                if stream not in life.overdue and now_s - begun_s >= after_s:
                    life.overdue.add(stream)
                    self.seen.append(Seen(stream, life.node, begun_s, now_s, Outcome.TIMEOUT))


def _unfinished(life: Life) -> Iterator[tuple[str, float]]:
    """The stretches that have begun: a pod that never starts counts from its creation."""
    if life.deleted_s is not None:
        yield GONE, life.deleted_s
    elif life.ready_s is None:
        yield READY, life.created_s if life.started_s is None else life.started_s


def _started_at(pod: Mapping[str, Any]) -> float | None:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        running = container.get("state", {}).get("running")
        if running and running.get("startedAt"):
            return datetime.fromisoformat(running["startedAt"]).timestamp()
    return None
