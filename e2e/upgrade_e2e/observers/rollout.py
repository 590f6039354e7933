"""Rollouts of the watched workload, again and again while it is watched."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.cluster.rollout import Rollout
from upgrade_e2e.format import duration
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import SamplesBuilder, Span, Window

__all__ = ["Rollouts"]

_LOOK_EVERY_S = 1.0
_LONGEST_S = 180.0
_STOP_S = 30.0


@dataclass
class _State:
    """What the thread and the others share."""

    spans: list[Span] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    threads: BackgroundThreads | None = None


@dataclass(frozen=True)
class Rollouts:
    """Replaces all pods of a Deployment every `every_s`, and notes each rollout as a span.

    The next one waits for the one before. Two observers of one Deployment make equal values, of
    which only one is run.
    """

    context: DeployContext
    deployment: str
    every_s: float
    _state: _State = field(default_factory=_State, compare=False, repr=False)

    def start(self) -> None:
        """See BackgroundTask."""
        self._state.threads = BackgroundThreads({f"rollouts-{self.deployment}": self._run})
        self._state.threads.start()

    def missing(self) -> str:
        """See BackgroundTask: rollouts need no warming up."""
        return ""

    def status_line(self) -> str:
        """See BackgroundTask."""
        return f"{len(self._state.spans)} rollouts" if self._state.spans else ""

    def stop(self) -> None:
        """See BackgroundTask."""
        self._state.ended.set()
        if self._state.threads is not None:
            self._state.threads.join(_STOP_S)

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask: rollouts see nothing themselves."""

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask: `rollout web 1` and so on; one that took too long has an error.

        `rollout web 2 (unfinished)` was going on when watching ended: that is no failure of it.
        """
        return tuple(self._state.spans)

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._state.threads.broken if self._state.threads is not None else ""

    def _run(self) -> None:
        # The first rollout is the deployment itself: on a busy machine it may take long.
        self._await_end(self.context.origin.now_s() + _LONGEST_S)
        count = 1
        while not self._state.ended.wait(self.every_s):
            start_s = self.context.origin.now_s()
            if self._begin(count):
                over = self._await_end(start_s + _LONGEST_S)
                self._note(count, start_s, over)
                count += 1

    def _begin(self, count: int) -> bool:
        mark = {"upgrade-e2e/rollout": str(count)}
        patch = {"spec": {"template": {"metadata": {"annotations": mark}}}}
        api = self.context.cluster.api
        try:
            api.apps.patch_namespaced_deployment(
                self.deployment, self.context.namespace, patch, _request_timeout=api.timeout
            )
        except TRANSIENT_API_ERRORS:
            return False  # the API server is away; tried again at the next turn
        return True

    def _await_end(self, until_s: float) -> bool:
        """Whether the rollout is over, when it is, at `until_s` or when watching ends."""
        while self.context.origin.now_s() < until_s:
            if self._state.ended.wait(_LOOK_EVERY_S):
                return False
            try:
                if self._read().is_whole:
                    return True
            except TRANSIENT_API_ERRORS:
                continue  # the API server is away; the rollout does not depend on us
        return False

    def _read(self) -> Rollout:
        path = f"/apis/apps/v1/namespaces/{self.context.namespace}/deployments/{self.deployment}"
        return Rollout.of_deployment(self.context.cluster.api.get_json(path))

    def _note(self, count: int, start_s: float, over: bool) -> None:
        cut_off = not over and self._state.ended.is_set()
        span = Span(
            name=f"rollout {self.deployment} {count}{' (unfinished)' if cut_off else ''}",
            kind="rollout",
            start_s=start_s,
            end_s=self.context.origin.now_s(),
            error="" if over or cut_off else f"not over after {duration(_LONGEST_S)}",
        )
        self._state.spans.append(span)
