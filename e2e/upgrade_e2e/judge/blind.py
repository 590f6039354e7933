"""When a stream saw nothing, and how short a hole the rest could have shown.

A stream of fixed rate is blind
- while its prober is late: from the intended to the real sending of every sample that is later
  than its interval (10 ms at least: below that it is scheduling, not blindness);
- where samples are missing: from one interval after a sample to the next one, when those are more
  than 1.5 intervals apart; at both ends of the watched window too (the prober was dead);
- for one interval at each sample that could not be sent (too much in flight);
- where its own samples contradict one another, to one interval beyond: samples closer than half an
  interval mean that the prober was started again or its clock stepped, so the times there are not
  to be trusted.

A stream that follows events has no rate to be late for. It is blind where nothing was in flight
for long, although the reference stream says that something could have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from upgrade_e2e.judge.raw import RawTrack
from upgrade_e2e.judge.windows import Times, Windows
from upgrade_e2e.timeline import Outcome

__all__ = [
    "LATE_FLOOR_US",
    "chance_to_see",
    "idle",
    "late",
    "missing",
    "resolution_us",
    "stepped",
    "unsent",
]

LATE_FLOOR_US = 10_000
"""Lateness below this never counts as blind: the scheduler's own granularity on busy cores."""
_GAP = 1.5
_CROWD = 0.5


def late(raw: RawTrack) -> Windows:
    """While the prober of a clocked stream was late."""
    samples = raw.samples
    at = np.flatnonzero(samples.lateness_us > max(raw.interval_us, LATE_FLOOR_US))
    intended = samples.intended_us[at]
    return Windows.of(intended, intended + samples.lateness_us[at])


def missing(raw: RawTrack, whole: Windows) -> Windows:
    """Where samples of a clocked stream are missing in the watched window `whole`."""
    intended, most_us = raw.samples.intended_us, _GAP * raw.interval_us
    if not len(intended):
        return whole
    start_us, end_us = int(whole.start_us[0]), int(whole.end_us[-1])
    at = np.flatnonzero(np.diff(intended) > most_us)
    first, last = int(intended[0]), int(intended[-1])
    holes = [
        Windows.of([start_us], [first if first - start_us > most_us else start_us]),
        Windows.of(intended[at] + raw.interval_us, intended[at + 1]),
        Windows.of([last + raw.interval_us if end_us - last > most_us else end_us], [end_us]),
    ]
    return Windows.union(holes)


def unsent(raw: RawTrack) -> Windows:
    """Where probes of a clocked stream could not be sent."""
    at = raw.samples.intended_us[raw.samples.outcome == Outcome.NOT_SENT]
    return Windows.of(at, at + raw.interval_us)


def stepped(raw: RawTrack) -> Windows:
    """Where the intended times of a clocked stream contradict its rate."""
    intended = raw.samples.intended_us
    at = np.flatnonzero(np.diff(intended) < _CROWD * raw.interval_us)
    return Windows.of(intended[at], intended[at + 1] + raw.interval_us)


def idle(streams: Iterable[RawTrack], silence: Windows, whole: Windows, quiet_s: float) -> Windows:
    """Where none of these event streams had anything in flight for more than `quiet_s`.

    The reference's silence explains a pause, so it does not count.
    """
    busy = [Windows.of(raw.samples.intended_us, raw.done_us) for raw in streams]
    pauses = whole.minus(Windows.union([*busy, silence]))
    long = pauses.end_us - pauses.start_us > quiet_s * 1e6
    return Windows.of(pauses.start_us[long], pauses.end_us[long])


def chance_to_see(gaps_us: Sequence[Times], hole_us: int) -> float:
    """The chance that a hole of this length, at a random moment, is hit by a probe.

    In a gap g between two probes a hole of length h is missed only if it begins more than h
    before the gap's end, so it is seen with min(g, h) / g; gaps weigh by their length.
    """
    total = sum(int(part.sum()) for part in gaps_us)
    met = sum(int(np.minimum(part, hole_us).sum()) for part in gaps_us)
    return met / total if total else 0.0


def resolution_us(gaps_us: Sequence[Times], chance: float) -> int:
    """The shortest hole that is hit by a probe with at least this chance; in microseconds."""
    total = sum(int(part.sum()) for part in gaps_us)
    low, high = 0, max((int(part.max()) for part in gaps_us if len(part)), default=0)
    while low < high:
        middle = (low + high) // 2
        met = sum(int(np.minimum(part, middle).sum()) for part in gaps_us)
        low, high = (low, middle) if met >= chance * total else (middle + 1, high)
    return low
