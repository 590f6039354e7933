"""What a client felt that tries again once, as resolvers and most HTTP clients do.

A probe never tries again, so that it shows each failure. A client that does is hurt only when its
second try fails too. Here the second try is the first probe of the same stream that was sent at
least `after_s` after the one that failed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.ratio import Ratio
from upgrade_e2e.judge.scope import Scope

__all__ = ["RESOLVER_S", "Retried", "retry_once"]

RESOLVER_S = 5.0
"""After this time without an answer a resolver asks again: `timeout` in resolv.conf(5)."""
_LATE_INTERVALS = 1.5


@dataclass(frozen=True)
class Retried:
    """Probes as seen by a client that tries once more.

    `count` are the first tries of which the end is known, `failures` those whose second try failed
    too. `unknown` are failures after which no second try was seen: they do not count.
    """

    count: int
    failures: int
    unknown: int

    @property
    def failure_ratio(self) -> float:
        """Failures over first tries whose end is known; raises Inconclusive without any."""
        if not self.count:
            raise Inconclusive(
                "no first try has a known end, so there is no ratio of failures after a retry; "
                "watch for longer."
            )
        return Ratio(self.failures, self.count)


def retry_once(scope: Scope, after_s: float) -> Retried:
    """What a client that tries again after `after_s` seconds felt of the probes in scope."""
    tallies = [_of_track(scope, track, round(after_s * 1e6)) for track in scope.tracks]
    return Retried(*(sum(column) for column in zip((0, 0, 0), *tallies, strict=True)))


def _of_track(scope: Scope, track: Track, after_us: int) -> tuple[int, int, int]:
    proof = track.evidence <= Evidence.FAILED
    sent_us, bad = track.sent_us[proof], track.evidence[proof] == Evidence.FAILED
    chosen = scope.pick(track, proof)[proof]
    first = np.flatnonzero(bad & chosen)
    again = np.searchsorted(sent_us, sent_us[first] + after_us)
    there = again < len(sent_us)
    late_us = after_us + _LATE_INTERVALS * track.stream.interval_s * 1e6
    if track.clocked:
        place = np.minimum(again, max(len(sent_us) - 1, 0))
        there &= sent_us[place] - sent_us[first] <= late_us
    unknown = len(first) - int(there.sum())
    return int(chosen.sum()) - unknown, int(bad[again[there]].sum()), unknown
