"""Bad seconds: those in which a probe failed, or was answered later than a limit.

Time is cut into whole seconds from the beginning of the watched window. A short hole makes one or
two of them bad, however many probes fell into it; a loss that goes on and on makes most of them
bad, however few probes it takes. So the share of bad seconds finds what neither the longest hole
nor a ratio of failures shows. It does not depend on the rate as long as there are several probes a
second.

Steps make holes, not time: a short pass has as many as a long one. So a pass counts as 200 s long
at least, about as long as the shortest real ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.scope import Scope

__all__ = ["BadSeconds", "count_bad_seconds"]

_SECOND_US = 1_000_000
_SHORTEST_S = 200


@dataclass(frozen=True)
class BadSeconds:
    """How many seconds were seen, and how many of them were bad."""

    bad: int
    seen: int

    @property
    def share(self) -> float:
        """The share of bad seconds, of 200 s at least."""
        return self.bad / max(self.seen, _SHORTEST_S)


def count_bad_seconds(scope: Scope, slow_s: float) -> BadSeconds:
    """The seconds in scope; later than `slow_s` is slow. Streams of events do not count."""
    start_us, end_us = scope.edges_us
    length = max(0, -(-(end_us - start_us) // _SECOND_US))
    seen, bad = np.zeros(length, bool), np.zeros(length, bool)
    for track in scope.tracks:
        if track.clocked:
            proof = track.evidence <= Evidence.FAILED
            seen[_seconds(scope, track, proof, start_us)] = True
            bad[_seconds(scope, track, proof & _hurt(track, slow_s), start_us)] = True
    return BadSeconds(int(bad.sum()), int(seen.sum()))


def _hurt(track: Track, slow_s: float) -> npt.NDArray[np.bool_]:
    failed: npt.NDArray[np.bool_] = track.evidence == Evidence.FAILED
    return failed | (track.timed & (track.latency_us > slow_s * 1e6))


def _seconds(
    scope: Scope, track: Track, chosen: npt.NDArray[np.bool_], start_us: int
) -> npt.NDArray[np.int64]:
    """The seconds in which the chosen samples were sent, inside of the window."""
    sent_us = track.sent_us[scope.pick(track, chosen)]
    inside = (sent_us >= start_us) & (sent_us < scope.edges_us[1])
    return (sent_us[inside] - start_us) // _SECOND_US
