"""What became of each pod that tried its network, read from watch events; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from upgrade_e2e.observers.knocked import PodStory, read_story
from upgrade_e2e.timeline import START, Origin, Outcome

__all__ = ["KnockSample", "KnockTracker"]

_US = 1e6
_LEAST_CUT_S = 5.0
"""Own choice: a pod that was on its way for less than this when watching ended says nothing."""


@dataclass(frozen=True)
class KnockSample:
    """One duration of one pod: how long it took to start, or was without something.

    `from_s` is when that began and `started_s` when its process started, since the origin.
    """

    kind: str
    node: str
    pod: str
    from_s: float
    lasted_s: float
    started_s: float
    outcome: Outcome = Outcome.OK
    failed: int = 0


@dataclass
class _Pod:
    """A pod that is not over: when it was asked for, seen bound to its node, and seen to run."""

    name: str
    node: str
    created_s: float
    bound_s: float | None = None
    runs_s: float | None = None
    over: bool = False


@dataclass
class KnockTracker:
    """All such pods that are there, and what was measured.

    `boot_id` is that of this machine: where pods share its kernel, clocks are the same. What
    is not over after `timeout_s` is a timeout, once. `foreign` is whether a pod ran under another
    kernel; `troubles` are sentences about pods that wrote nothing that can be read.
    """

    origin: Origin
    boot_id: str
    timeout_s: float
    samples: list[KnockSample] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    foreign: bool = False
    _pods: dict[str, _Pod] = field(default_factory=dict)
    _strays: set[str] = field(default_factory=set)

    def created(self, name: str, node: str, now_s: float) -> None:
        """The API is asked for a pod on `node`."""
        self._pods[name] = _Pod(name, node, now_s)

    def not_created(self, name: str) -> None:
        """The API gave no answer; if the pod exists all the same, it is a stray."""
        self._pods.pop(name, None)

    def listed(self, pods: Iterable[Mapping[str, Any]], asked_s: float, now_s: float) -> None:
        """A full list, asked for at `asked_s`: a pod of before that is not in it is gone."""
        present = {str(pod["metadata"]["name"]): pod for pod in pods}
        for pod in present.values():
            self.changed(pod, now_s)
        known = [one.name for one in self._pods.values() if one.created_s < asked_s]
        for name in [*known, *self._strays]:
            if name not in present:
                self.gone(name)

    def changed(self, pod: Mapping[str, Any], now_s: float) -> None:
        """A pod as it is now."""
        name = str(pod["metadata"]["name"])
        known = self._pods.get(name)
        if known is None:
            self._strays.add(name)
            return
        if known.bound_s is None and pod["spec"].get("nodeName"):
            known.bound_s = now_s
        state = _state(pod)
        if "running" in state and known.runs_s is None:
            known.runs_s = now_s
        if "terminated" in state and not known.over:
            known.over = True
            self._read(known, str(state["terminated"].get("message") or ""), now_s)

    def gone(self, name: str) -> None:
        """A pod is no more."""
        self._strays.discard(name)
        self._pods.pop(name, None)

    def expire(self, now_s: float) -> None:
        """Give up on what has taken too long."""
        for pod in self._pods.values():
            if pod.over:
                continue
            if pod.runs_s is not None:
                # It gives up by itself and then says so.
                pod.over = now_s - pod.runs_s >= 2 * self.timeout_s
            elif pod.bound_s is not None:
                self._never_started(pod, now_s, self.timeout_s)
            else:  # it was never bound: a taint keeps it off, which is what taints are for
                pod.over = now_s - pod.created_s >= self.timeout_s

    def close(self, now_s: float) -> None:
        """No more will be seen."""
        for pod in self._pods.values():
            if not pod.over and pod.bound_s is not None and pod.runs_s is None:
                self._never_started(pod, now_s, _LEAST_CUT_S)

    def to_delete(self) -> list[str]:
        """The pods that are no longer needed."""
        return [*self._strays, *(pod.name for pod in self._pods.values() if pod.over)]

    def everyone(self) -> list[str]:
        """All pods that are known to be there."""
        return [*self._strays, *self._pods]

    def alive(self, node: str) -> int:
        """How many pods of a node are not over."""
        return sum(pod.node == node and not pod.over for pod in self._pods.values())

    def running(self) -> int:
        """How many pods run and have not said what they know."""
        return sum(pod.runs_s is not None and not pod.over for pod in self._pods.values())

    def on_their_way(self) -> int:
        """How many pods are bound to a node and are not over."""
        return sum(pod.bound_s is not None and not pod.over for pod in self._pods.values())

    def _never_started(self, pod: _Pod, now_s: float, after_s: float) -> None:
        if pod.bound_s is not None and now_s - pod.bound_s >= after_s:
            pod.over = True
            lasted_s = now_s - pod.bound_s
            self._add(START, pod, pod.bound_s, lasted_s, pod.bound_s, Outcome.TIMEOUT)

    def _read(self, pod: _Pod, message: str, now_s: float) -> None:
        try:
            story = read_story(message)
        except ValueError as error:
            self.troubles.append(f"pod {pod.name} on {pod.node}: {error}")
            if pod.bound_s is not None:
                lasted_s = now_s - pod.bound_s
                self._add(START, pod, pod.bound_s, lasted_s, pod.bound_s, Outcome.OTHER)
            return
        self.foreign |= not story.shares_kernel(self.boot_id)
        started_s = story.started_s(self.origin, self.boot_id)
        # Bound only seen when it was over, as after an absence of the API: nothing is known of it.
        if pod.bound_s is not None and started_s >= pod.bound_s:
            self._add(START, pod, pod.bound_s, started_s - pod.bound_s, started_s, Outcome.OK)
        self._read_tries(pod, story, started_s)

    def _read_tries(self, pod: _Pod, story: PodStory, started_s: float) -> None:
        for tried in story.tried:
            if (found := story.without(tried)) is not None:
                from_s, lasted_s = started_s + found.from_us / _US, found.lasted_us / _US
                self._add(tried.name, pod, from_s, lasted_s, started_s, found.outcome, found.failed)

    def _add(  # noqa: PLR0917 - one name for each column
        self,
        kind: str,
        pod: _Pod,
        from_s: float,
        lasted_s: float,
        started_s: float,
        outcome: Outcome,
        failed: int = 0,
    ) -> None:
        self.samples.append(
            KnockSample(kind, pod.node, pod.name, from_s, lasted_s, started_s, outcome, failed)
        )


def _state(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state of the pod's one container; empty while there is none."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    state: Mapping[str, Any] = next((one.get("state") or {} for one in statuses), {})
    return state
