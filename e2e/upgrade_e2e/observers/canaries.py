"""Sequence canaries: numbered objects, written one after another and looked for at the end.

Which of them the API server acknowledged is known on this machine alone. Each number is an object
of its own, so that one that was lost in the middle is missed as surely as the last ones.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

import numpy.typing as npt

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.base import HOST, DeployContext
from upgrade_e2e.observers.etcd_members import ask_any, key_prefix
from upgrade_e2e.observers.objects import LABELS
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import Outcome, SamplesBuilder, Span, Stream, Window
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["CANARY", "Canaries"]

CANARY = "canary"
_TIMEOUT_S = 5.0
_READ_S = 60.0
_TROUBLE: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, E2eError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Acknowledged:
    """A write that the API server acknowledged, in microseconds since the origin."""

    number: int
    sent_us: int
    done_us: int


class Canaries:
    """A BackgroundTask that writes them, and reads them back from etcd itself."""

    def __init__(self, context: DeployContext, label: str, rate_hz: float) -> None:
        self._site, self._every_s = context, 1 / rate_hz
        self._prefix = f"{label}-{CANARY}-"
        self._known: list[Acknowledged] = []
        self._ended = threading.Event()
        self._threads = BackgroundThreads({f"{label}-canaries": self._write})

    def start(self) -> None:
        """See BackgroundTask."""
        self._threads.start()

    def missing(self) -> str:
        """See BackgroundTask."""
        return "" if self._known else "no canary has been written to etcd yet"

    def status_line(self) -> str:
        """See BackgroundTask."""
        return f"{len(self._known)} canaries"

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
            one for one in self._known if window.start_s * 1e6 <= one.sent_us <= window.end_s * 1e6
        ]
        try:
            kept = self._read_back()
        except _TROUBLE as error:
            _log.warning("the canaries cannot be read back from etcd: %s", error)
            return
        columns: dict[str, npt.ArrayLike] = {
            "intended_us": [one.sent_us for one in inside],
            "lateness_us": [0] * len(inside),
            "latency_us": [one.done_us - one.sent_us for one in inside],
            "outcome": [Outcome.OK if one.number in kept else Outcome.LOST for one in inside],
            "code": [0] * len(inside),
            "backend": [0] * len(inside),
        }
        into.add_columns(stream, columns)

    def _write(self) -> None:
        number, due_s = 0, time.monotonic()
        while not self._ended.wait(max(0.0, due_s - time.monotonic())):
            number += 1
            sent_us = self._now_us()
            try:
                self._create(number)
            except TRANSIENT_API_ERRORS as error:
                # It may be there or not: only what was acknowledged may not be lost.
                _log.debug("canary %d was not acknowledged: %s", number, error)
            else:
                self._known.append(Acknowledged(number, sent_us, self._now_us()))
            due_s = max(due_s + self._every_s, time.monotonic())

    def _create(self, number: int) -> None:
        namespace = self._site.namespace
        thing = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{self._prefix}{number}", "labels": LABELS},
        }
        self._site.cluster.api.request(
            "POST",
            f"/api/v1/namespaces/{namespace}/configmaps",
            body=thing,
            timeout_s=_TIMEOUT_S,
        )

    def _now_us(self) -> int:
        return round(self._site.origin.now_s() * 1e6)

    def _read_back(self) -> frozenset[int]:
        """The numbers that etcd has. Not through the API: its servers answer from a cache."""
        cluster, below = self._site.cluster, f"/configmaps/{self._site.namespace}/{self._prefix}"
        found = wait_for(
            "etcd to show its canaries",
            lambda: ask_any(cluster, "get", key_prefix(cluster) + below, "--prefix", "--keys-only"),
            lambda _: True,
            Deadline(_READ_S, every_s=1.0),
            transient=_TROUBLE,
        )
        return frozenset(int(key.rpartition("-")[2]) for key in found.split())
