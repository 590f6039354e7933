"""What went wrong while the API server was down, or soon after.

A node that loses the API server watches again only after a back-off. Until then its kubelet starts
and ends pods late, and its kube-proxy sends to endpoints that have gone. Nothing is taken out of a
claim about users for that, because they are hurt all the same. It is reported, so that a reader
knows where to look: at an upgrade that leaves the nodes without an API server, not at the workload.

How long a kubelet had no news is measured (see news.py). Where it is, that time is looked at; this
is so for streams that follow the pods of a node. For others it is the longest that a node can wait:
a kube-proxy has a back-off of its own, which nothing shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from upgrade_e2e.format import duration, moment, share
from upgrade_e2e.judge.counts import Counts
from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.news import LONGEST_WAIT_S
from upgrade_e2e.judge.raw import split_streams
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.tracks import unanswered
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Samples, Timeline

__all__ = ["api_away", "asked_api", "failures_near_api_downtime"]

API_STREAMS = frozenset({"readyz@host", "api@host"})
_AWAY_S = 1.0
_SLOWEST = 0.99


def api_away(timeline: Timeline, whole: Windows) -> Windows:
    """When the API server gave no answer for a second or more to the observers that ask it.

    `whole` is the watched window as a set.
    """
    silent = Windows.union(window for one in _asked(timeline) for window in _silences(one, whole))
    long = silent.end_us - silent.start_us >= _AWAY_S * 1e6
    return Windows(silent.start_us[long], silent.end_us[long])


def asked_api(timeline: Timeline) -> bool:
    """Whether any observer asked the API server at a fixed rate, so that absences show."""
    return bool(_asked(timeline))


def failures_near_api_downtime(scope: Scope, away: Windows) -> str:
    """How much of what went wrong in scope happened with the API down or just back; empty for none.

    What went wrong: failures, and the slowest hundredth of the events of streams that follow
    events.
    """
    if not len(away) or any(track.stream.name in API_STREAMS for track in scope.tracks):
        return ""
    near = [_near(track, away) for track in scope.tracks]
    found = [
        part.overlap_us(*stretches) > 0 for part, stretches in zip(near, _wrong(scope), strict=True)
    ]
    hits, count = sum(int(one.sum()) for one in found), sum(len(one) for one in found)
    if not hits:
        return ""
    covered_us = sum(part.within(scope.within).total_us for part in near) / len(near)
    kinds = "failures" if all(t.clocked for t in scope.tracks) else "failures and slowest events"
    return (
        f"{hits} of {count} {kinds} happened while the API server did not answer "
        f"({duration(away.total_us / 1e6)} in all, until {moment(away.end_us[-1] / 1e6)}) or "
        f"{_after(scope)}; this is {share(covered_us / scope.within.total_us)} of the time"
    )


def _near(track: Track, away: Windows) -> Windows:
    """When the API server was away, and as long after that as the node may have had no news."""
    if track.without_news is not None:
        return Windows.union([away, track.without_news])
    return Windows.of(away.start_us, away.end_us + round(LONGEST_WAIT_S * 1e6))


def _after(scope: Scope) -> str:
    if all(track.without_news is not None for track in scope.tracks):
        return "after that, before their node had news from it again"
    return (
        f"in the {duration(LONGEST_WAIT_S)} after that, when nodes may not get updates from it yet"
    )


def _asked(timeline: Timeline) -> list[Samples]:
    return [samples for samples in timeline.samples.values() if _names(samples) & API_STREAMS]


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
