"""Whether the cluster's controllers are at work, read from the leases of their leaders.

A new Deployment needs the controller manager and the scheduler. Both have one instance at work, the
leader, which renews a Lease every 2 s. When it ends without giving that up, the next one waits for
15 s until it takes over (client-go, tools/leaderelection). In that time nothing is wrong with the
nodes or with what runs on them, so it must not be blamed on those.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.observers.base import HOST, DeployContext
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import Outcome, SamplesBuilder, Span, Stream, Window

__all__ = ["CONTROLLERS", "LeaseWatch", "were_renewed"]

CONTROLLERS = "controllers"
"""The kind of the stream, which the judge takes for a reference."""
_LEASES = ("kube-controller-manager", "kube-scheduler")
_FOLDER = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
_EVERY_S = 1.0
_ASK_S = 2.0
_RENEWED_WITHIN_S = 6.0
"""A leader renews every 2 s (its retry period); this is three times that."""
_JOIN_S = 10.0


@dataclass
class _Looks:
    """What the thread and the others share: when each lease was seen renewed, and each look: when
    it was meant to be, was begun and was over.
    """

    renewed_s: dict[str, list[float]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    looks: list[tuple[float, float, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)
    threads: BackgroundThreads | None = None


@dataclass(frozen=True)
class LeaseWatch:
    """Reads the leases every second; the stream `controllers@host` says whether both were renewed.

    What counts is that a lease changes, and not the time in it, since clocks differ. A cluster that
    keeps such leases elsewhere gives no stream.
    """

    context: DeployContext
    label: str
    _state: _Looks = field(default_factory=_Looks, compare=False, repr=False)

    def start(self) -> None:
        """See BackgroundTask."""
        self._state.threads = BackgroundThreads({f"{self.label}-leases": self._run})
        self._state.threads.start()

    def missing(self) -> str:
        """See BackgroundTask: it needs no warming up."""
        return ""

    def status_line(self) -> str:
        """See BackgroundTask."""
        return ""

    def stop(self) -> None:
        """See BackgroundTask."""
        self._state.ended.set()
        if self._state.threads is not None:
            self._state.threads.join(_JOIN_S)

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask: one for each second."""
        with self._state.lock:
            renewed = [tuple(times) for times in self._state.renewed_s.values()]
            looks = list(self._state.looks)
        if not renewed:
            return
        stream = Stream(
            name=f"{CONTROLLERS}@{HOST}",
            node=HOST,
            target="the leases of kube-controller-manager and kube-scheduler",
            interval_s=_EVERY_S,
            timeout_s=_ASK_S,
        )
        index = into.add_stream(stream)
        for meant_s, asked_s, over_s in looks:
            if window.start_s <= meant_s <= window.end_s:
                at_work = all(were_renewed(times, over_s, looks[-1][2]) for times in renewed)
                into.add(
                    index,
                    intended_us=round(meant_s * 1e6),
                    lateness_us=round((asked_s - meant_s) * 1e6),
                    latency_us=round((over_s - meant_s) * 1e6),
                    outcome=Outcome.OK if at_work else Outcome.TIMEOUT,
                )

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask: it only looks."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._state.threads.broken if self._state.threads is not None else ""

    def _run(self) -> None:
        now_s = self.context.origin.now_s
        meant_s = now_s()
        while not self._state.ended.wait(max(0.0, meant_s - now_s())):
            asked_s = now_s()
            for name in _LEASES:
                self._look(name)
            with self._state.lock:
                self._state.looks.append((meant_s, asked_s, now_s()))
            meant_s = max(meant_s + _EVERY_S, now_s())

    def _look(self, name: str) -> None:
        try:
            lease = self.context.cluster.api.get_json(f"{_FOLDER}/{name}", timeout_s=_ASK_S)
        except TRANSIENT_API_ERRORS:
            return  # away, or not there; api@host shows the first
        value = str((lease.get("spec") or {}).get("renewTime", ""))
        with self._state.lock:
            if value and value != self._state.values.get(name):
                self._state.values[name] = value
                self._state.renewed_s.setdefault(name, []).append(self.context.origin.now_s())


def were_renewed(renewed_s: Sequence[float], at_s: float, until_s: float) -> bool:
    """Whether a lease that was seen renewed at these times was held at `at_s`.

    `until_s` is when it was last looked at. It was not held from the last renewal before a longer
    pause than a leader makes until the first one after it.
    """
    after = bisect.bisect_right(renewed_s, at_s)
    if not after:
        return False
    next_s = renewed_s[after] if after < len(renewed_s) else until_s
    return next_s - renewed_s[after - 1] <= _RENEWED_WITHIN_S
