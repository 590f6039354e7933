"""Sequence canaries: numbered objects, written one after another and looked for at the end.

Which of them the API server acknowledged is known on this machine alone. Each number is an object
of its own, so that one that was lost in the middle is missed as surely as the last ones.
"""

from __future__ import annotations

import logging
import threading

import numpy.typing as npt

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.base import HOST, DeployContext
from upgrade_e2e.observers.canary_writes import CanaryWriter
from upgrade_e2e.observers.etcd_members import ask_any, key_prefix
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import CanaryWrite, Outcome, SamplesBuilder, Span, Stream, Window
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["CANARY", "Canaries"]

CANARY = "canary"
_TIMEOUT_S = 5.0
_READ_S = 60.0
_TROUBLE: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, E2eError)
_log = logging.getLogger(__name__)


class Canaries:
    """A BackgroundTask that writes them, and reads them back from etcd itself."""

    def __init__(self, context: DeployContext, label: str, rate_hz: float) -> None:
        self._site = context
        self._writer = CanaryWriter(context, f"{label}-{CANARY}", rate_hz, timeout_s=_TIMEOUT_S)
        self._ended = threading.Event()
        self._threads = BackgroundThreads(
            {f"{label}-canaries": lambda: self._writer.run(self._ended)}
        )

    def start(self) -> None:
        """See BackgroundTask."""
        self._threads.start()

    def missing(self) -> str:
        """See BackgroundTask."""
        return "" if self._acknowledged() else "no canary has been written to etcd yet"

    def status_line(self) -> str:
        """See BackgroundTask."""
        return f"{len(self._acknowledged())} canaries"

    def stop(self) -> None:
        """See BackgroundTask."""
        self._ended.set()
        self._threads.join(3 * _TIMEOUT_S)

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._threads.broken

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """One sample for each acknowledged write: OK, or LOST when etcd does not have it now.

        Where etcd cannot be asked there is no sample, since nothing is known.
        """
        stream = into.add_stream(Stream(f"{CANARY}@{HOST}", HOST, "etcd", 0.0, _TIMEOUT_S))
        inside = [
            (one.number, round(one.sent_s * 1e6), round(acknowledged_s * 1e6))
            for one, acknowledged_s in self._acknowledged()
            if window.start_s <= one.sent_s <= window.end_s
        ]
        try:
            kept = self._read_back()
        except _TROUBLE as error:
            _log.warning("the canaries cannot be read back from etcd: %s", error)
            return
        columns: dict[str, npt.ArrayLike] = {
            "intended_us": [sent_us for _, sent_us, _ in inside],
            "lateness_us": [0] * len(inside),
            "latency_us": [done_us - sent_us for _, sent_us, done_us in inside],
            "outcome": [Outcome.OK if one in kept else Outcome.LOST for one, _, _ in inside],
            "code": [0] * len(inside),
            "backend": [0] * len(inside),
        }
        into.add_columns(stream, columns)

    def _acknowledged(self) -> list[tuple[CanaryWrite, float]]:
        """The writes that may not be lost, each with the time of its acknowledgement.

        One without an acknowledgement may be there or not.
        """
        return [
            (one, one.acknowledged_s)
            for one in self._writer.writes
            if one.acknowledged_s is not None
        ]

    def _read_back(self) -> frozenset[int]:
        """The numbers that etcd has. Not through the API: its servers answer from a cache."""
        cluster, below = self._site.cluster, self._writer.below
        found = wait_for(
            "etcd to show its canaries",
            lambda: ask_any(cluster, "get", key_prefix(cluster) + below, "--prefix", "--keys-only"),
            lambda _: True,
            Deadline(_READ_S, every_s=1.0),
            transient=_TROUBLE,
        )
        return frozenset(int(key.rpartition("-")[2]) for key in found.split())
