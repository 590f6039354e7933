"""Brownouts: stretches in which answers came, but later than a limit.

All packets of a node that are lost for 300 ms are no failure to HTTP: a SYN is sent again after
1 s (RFC 6298, initial RTO), and each request of that time takes a second. To a caller that is a
hole. So slow answers are looked at as outages are: one stretch is slow answers between two fast
ones. Failures and late probes say nothing about slowness, so they are passed over. Streams that
follow events, such as pods that come and go, give no answers and have no brownouts.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upgrade_e2e.judge.counts import Counts
from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.outage import Outage
from upgrade_e2e.judge.outages import OutageSet
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.steps import Cause, Steps

__all__ = ["Brownout", "BrownoutSet"]


@dataclass(frozen=True)
class Brownout:
    """A stretch of slow answers of one target, as one stream or several saw it.

    start_s, end_s  when the first and the last slow request were sent
    at_least_s      first to last slow request, as an outage's
    at_most_s       last fast answer before to first fast answer after; infinite without one
    slow            how many answers were slow
    slowest_s       the slowest of them
    share           at its worst, the share of answers that were slow
    """

    target: str
    streams: tuple[str, ...]
    nodes: tuple[str, ...]
    start_s: float
    end_s: float
    at_least_s: float
    at_most_s: float
    slow: int
    slowest_s: float
    share: float
    cause: Cause


@dataclass(frozen=True, eq=False)
class BrownoutSet:
    """The brownouts in scope: answers that took longer than `over_s` are slow."""

    scope: Scope
    steps: Steps
    over_s: float

    @cached_property
    def _slow(self) -> OutageSet:
        """Slow answers in the place of failures."""
        clocked = (track for track in self.scope.tracks if track.clocked)
        tracks = tuple(_slowed(track, self.over_s) for track in clocked)
        return OutageSet(dataclasses.replace(self.scope, tracks=tracks), self.steps)

    @property
    def count(self) -> int:
        """How many there are."""
        return self._slow.count

    @cached_property
    def all(self) -> tuple[Brownout, ...]:
        """All of them, in time order."""
        return tuple(self._brownout(outage) for outage in self._slow.of_targets)

    def worst(self, most: int) -> tuple[Brownout, ...]:
        """At most this many, the one with the largest length times share first."""
        return tuple(self._brownout(outage) for outage in self._slow.worst(most))

    @property
    def total_s(self) -> float:
        """Time in which answers were slow for certain, over all streams."""
        return self._slow.downtime_s

    @property
    def longest_s(self) -> float:
        """The longest one, inside the scope: at least; 0 without any."""
        return self._slow.longest_outage_s

    @property
    def ratio(self) -> float | None:
        """The share of answers that were slow; None without any answer."""
        counts = Counts(self._slow.scope)
        return counts.failed / counts.proofs if counts.proofs else None

    def _brownout(self, found: Outage) -> Brownout:
        return Brownout(
            target=found.target,
            streams=found.streams,
            nodes=found.nodes,
            start_s=found.start_s,
            end_s=found.end_s,
            at_least_s=found.at_least_s,
            at_most_s=found.at_most_s,
            slow=found.failures,
            slowest_s=self._slowest_s(found),
            share=found.share,
            cause=found.cause,
        )

    def _slowest_s(self, found: Outage) -> float:
        start_us, end_us = round(found.start_s * 1e6), round(found.end_s * 1e6)
        slowest = 0
        for track in self._slow.scope.tracks:
            if track.stream.name in found.streams:
                first, last = np.searchsorted(track.sent_us, [start_us, end_us + 1])
                slow = track.evidence[first:last] == Evidence.FAILED
                slowest = max(slowest, int(track.latency_us[first:last][slow].max(initial=0)))
        return slowest / 1e6


def _slowed(track: Track, over_s: float) -> Track:
    """The same samples, weighed by how long good answers took; what is no timed answer is unsent.

    A probe that was late would be measuring itself, so only those on time count.
    """
    answered = track.timed & (track.evidence == Evidence.GOOD)
    slow = answered & (track.latency_us > over_s * 1e6)
    evidence = np.full(len(track), Evidence.UNSENT, np.uint8)
    evidence[answered] = Evidence.GOOD
    evidence[slow] = Evidence.FAILED
    return dataclasses.replace(track, evidence=evidence)
