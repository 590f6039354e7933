"""What went wrong while the API server was down, or soon after.

A node that loses the API server watches again only after a back-off. Until then its kubelet starts
and ends pods late, and its kube-proxy sends to endpoints that have gone. Nothing is taken out of a
claim for that, because users are hurt all the same. It is reported, so that a reader knows where to
look: at an upgrade that leaves the nodes without an API server, not at the workload.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from upgrade_e2e.format import duration, moment, share
from upgrade_e2e.judge.counts import Counts
from upgrade_e2e.judge.evidence import Evidence
from upgrade_e2e.judge.raw import split_streams
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.tracks import unanswered
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Samples, Timeline

__all__ = ["WATCHES_AGAIN_S", "api_away", "failures_near_api_downtime"]

WATCHES_AGAIN_S = 60.0
"""After this long a node that lost the API server watches again (client-go's reflector: a back-off
of up to 30 s, with a jitter factor of 1.0)."""
API_STREAMS = frozenset({"readyz@host", "api@host"})
_AWAY_S = 1.0
_SLOWEST = 0.99


def api_away(timeline: Timeline, whole: Windows) -> Windows:
    """When the API server gave no answer for a second or more to the observers that ask it.

    `whole` is the watched window as a set.
    """
    asked = [samples for samples in timeline.samples.values() if _names(samples) & API_STREAMS]
    silent = Windows.union(window for samples in asked for window in _silences(samples, whole))
    long = silent.end_us - silent.start_us >= _AWAY_S * 1e6
    return Windows(silent.start_us[long], silent.end_us[long])


def failures_near_api_downtime(scope: Scope, away: Windows) -> str:
    """How much of what went wrong in scope happened with the API down or just back; empty for none.

    What went wrong: failures, and the slowest hundredth of the events of streams that follow
    events.
    """
    if not len(away) or any(track.stream.name in API_STREAMS for track in scope.tracks):
        return ""
    near = Windows.of(away.start_us, away.end_us + round(WATCHES_AGAIN_S * 1e6))
    found = [near.overlap_us(*stretches) > 0 for stretches in _wrong(scope)]
    hits, count = sum(int(one.sum()) for one in found), sum(len(one) for one in found)
    if not hits:
        return ""
    covered = near.within(scope.within).total_us / scope.within.total_us
    kinds = "failures" if all(t.clocked for t in scope.tracks) else "failures and slowest events"
    return (
        f"{hits} of {count} {kinds} happened while the API server did not answer "
        f"({duration(away.total_us / 1e6)} in all, until {moment(away.end_us[-1] / 1e6)}) or in "
        f"the {duration(WATCHES_AGAIN_S)} after that, when nodes may not get updates from it yet; "
        f"this is {share(covered)} of the time"
    )


def _names(samples: Samples) -> set[str]:
    return {stream.name for stream in samples.streams if stream.interval_s > 0}


def _silences(samples: Samples, whole: Windows) -> Iterator[Windows]:
    if len(whole):
        for raw in split_streams(samples, int(whole.start_us[0]), int(whole.end_us[-1])):
            if raw.stream.name in API_STREAMS:
                yield unanswered(raw, whole)


def _wrong(scope: Scope) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """From sending to the answer, or to giving up, of all that went wrong, track by track."""
    slow_us = _slow_us(scope)
    for track in scope.tracks:
        wrong = track.evidence == Evidence.FAILED
        if not track.clocked:
            wrong |= track.timed & (track.latency_us >= slow_us)
        wrong &= scope.within.contains(track.sent_us)
        sent_us = track.sent_us[wrong]
        yield sent_us, sent_us + np.maximum(track.wait_us[wrong], 1)


def _slow_us(scope: Scope) -> int:
    """The latency that one event in a hundred reaches: the same p99 as in claims."""
    events = tuple(track for track in scope.tracks if not track.clocked)
    latencies = Counts(replace(scope, tracks=events)).latencies
    return round(latencies.quantiles(_SLOWEST)[0].value_s * 1e6) if len(latencies) else 0
