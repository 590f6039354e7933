"""Guard rails: what is proof of a policy that fails open, and of one that fails closed.

An object that is forbidden and one that is allowed are created again and again, as dry runs. For
the forbidden one only two answers are evidence: refused with the policy's own words, and admitted.
For the allowed one an answer that refuses it is evidence, and so is none at all. Whatever is no
answer of the API server to the object (a broken connection, an error of the API server itself)
says nothing about a policy.

The control is a create that no policy and no webhook looks at. While it gets no answer the API
server is away: nothing that fails then is evidence, but for an object that was admitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.counts import Counts
from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.track_outages import TrackOutages
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Outcome, Stream

__all__ = ["ALLOWED", "CONTROL", "FORBIDDEN", "cost_notes", "weigh_guard_rails"]

FORBIDDEN, ALLOWED, CONTROL = "forbidden", "allowed", "control"
"""Which object a stream creates: `forbidden@host`, or `forbidden-NAME@host` for a named pair."""
_EVIDENCE: Mapping[str, tuple[Outcome, ...]] = {
    FORBIDDEN: (Outcome.ADMITTED,),
    ALLOWED: (
        Outcome.HTTP_4XX,
        Outcome.WEBHOOK_FAILED,
        Outcome.BAD_ANSWER,
        Outcome.TIMEOUT,
    ),
    CONTROL: (),
}
"""The failures that say something about a policy, by the object; all others are left out."""


def weigh_guard_rails(tracks: tuple[Track, ...], whole: Windows) -> tuple[Track, ...]:
    """The tracks of guard rails with what is no evidence of a policy masked; others as they are.

    They are known by their streams: a control, and a forbidden object. `whole` is the watched
    window.
    """
    objects = {_object_of(track.stream) for track in tracks}
    if not {FORBIDDEN, CONTROL} <= objects:
        return tracks
    silent = Windows.union(
        _unanswered(track, whole) for track in tracks if _object_of(track.stream) == CONTROL
    )
    return tuple(_weighed(track, silent) for track in tracks)


def cost_notes(tracks: Sequence[Track], whole: Windows) -> Iterator[str]:
    """What a policy costs an object that it allows: its latency next to that of the control.

    Both keep their connection. What was under way while the control got no answer is left out: it
    waited for the API server. Nothing where there is no control, or where either has no latency.
    """
    there = [track.without(track.masked) for track in tracks if _is_guard(track)]
    usual = _latency([track for track in there if _object_of(track.stream) == CONTROL], whole)
    for track in there:
        if usual and _object_of(track.stream) == ALLOWED and (took := _latency([track], whole)):
            yield (
                f"{track.stream.name}: a create that policies look at takes {took}; one that none "
                f"of them sees, {usual}"
            )


def _latency(tracks: Sequence[Track], whole: Windows) -> str:
    try:
        p50, _, p99, _ = Counts(Scope(tuple(tracks), whole)).common
    except Inconclusive:
        return ""
    return f"p50 {p50}, p99 {p99}"


def _is_guard(track: Track) -> bool:
    return _object_of(track.stream) in _EVIDENCE


def _object_of(stream: Stream) -> str:
    """`forbidden` of `forbidden-deny-latest@host`."""
    return stream.name.partition("@")[0].partition("-")[0]


def _unanswered(control: Track, whole: Windows) -> Windows:
    """When the control had no good answer, from the last one before to the first one after."""
    outages = TrackOutages.find(
        control.sent_us,
        control.wait_us,
        failed=control.outcome != Outcome.OK,
        proof=np.not_equal(control.outcome, Outcome.NOT_SENT),
        interval_us=round(control.stream.interval_s * 1e6),
    )
    return outages.reaches(int(whole.start_us[0]), int(whole.end_us[-1])).within(whole)


def _weighed(track: Track, silent: Windows) -> Track:
    if not _is_guard(track):
        return track
    kind = _object_of(track.stream)
    failed = track.evidence == Evidence.FAILED
    about = np.isin(track.outcome, [int(one) for one in _EVIDENCE[kind]])
    admitted = track.outcome == Outcome.ADMITTED
    end_us = track.sent_us + np.maximum(track.wait_us, 1).astype(np.int64)
    away = silent.overlap_us(track.sent_us, end_us) > 0
    left_out = failed & (~about | (away & ~admitted))
    evidence = track.evidence.copy()
    evidence[left_out] = Evidence.MASKED
    masked = Windows.union([track.masked, silent])
    return replace(track, evidence=evidence, timed=track.timed & ~left_out, masked=masked)
