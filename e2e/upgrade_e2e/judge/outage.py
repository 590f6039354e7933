"""Outages as values: when, for how long at least and at most, where, and during which step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.steps import Cause, Steps
from upgrade_e2e.judge.track_outages import NEVER_AFTER, NEVER_BEFORE
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Outcome, Window

__all__ = ["FULL", "Outage", "TrackOutage", "outage_of"]

FULL = 0.9
"""From this share of failing probes on, an outage is full: the rest is the edge of the outage."""


@dataclass(frozen=True)
class Outage:
    """Failures of one target that belong together, as one stream or several saw them.

    start_s, end_s  when the first and the last failing probe were sent
    good_before_s   the last good answer before (the earliest of all streams); None: there is none
    good_after_s    the first good answer after (the latest of all streams); None: there is none
    at_least_s      first to last failure, a failed probe being charged one interval (but never
                    beyond the next good answer), less the time in which the prober was blind
    failures        failing probes
    share           at its worst, the share of probes that failed: 1/3 for one of three backends
    of_streams      how many streams asked that target
    backends        those that the failing answers named; often none: who does not answer does
                    not say its name
    blind           where the streams saw nothing between the bounds
    good_event_s    where the streams follow events: when the last event before it began that went
                    well on any of them; None: there is none, or they probe at a fixed rate
    onset           the steps between that event and the first failure, in one of which it began
    """

    target: str
    streams: tuple[str, ...]
    of_streams: int
    nodes: tuple[str, ...]
    backends: tuple[str, ...]
    start_s: float
    end_s: float
    good_before_s: float | None
    good_after_s: float | None
    at_least_s: float
    failures: int
    outcomes: Mapping[Outcome, int]
    share: float
    cause: Cause
    blind: tuple[Window, ...] = ()
    good_event_s: float | None = None
    onset: Cause | None = None

    @property
    def at_most_s(self) -> float:
        """Last good answer before to first good answer after; infinite when one is missing."""
        if self.good_before_s is None or self.good_after_s is None:
            return math.inf
        return self.good_after_s - self.good_before_s

    @property
    def partial(self) -> bool:
        """Whether other probes of the same target were answered at the same time."""
        return self.share < FULL


@dataclass(frozen=True, eq=False)
class TrackOutage:
    """Outages `first` to `last` (inclusive) of one track, seen as one."""

    track: Track
    first: int
    last: int

    @property
    def start_us(self) -> int:
        """The first failure."""
        return int(self.track.outages.first_us[self.first])

    @property
    def end_us(self) -> int:
        """The last failure."""
        return int(self.track.outages.last_us[self.last])

    @property
    def before_us(self) -> int:
        """The good answer before, or NEVER_BEFORE."""
        return int(self.track.outages.before_us[self.first])

    @property
    def after_us(self) -> int:
        """The good answer after, or NEVER_AFTER."""
        return int(self.track.outages.after_us[self.last])

    def certain(self) -> Windows:
        """From the first failure to the end of the last one's charge, less the blind time."""
        core_end = int(self.track.outages.core_end_us[self.last])
        span = Windows.of([self.start_us], [core_end])
        return span.minus(self.track.dark.clip(self.start_us, core_end))

    def unseen(self) -> Windows:
        """The blind time between the bounds."""
        low, high = int(self.track.watched.start_us[0]), int(self.track.watched.end_us[-1])
        return self.track.dark.clip(max(self.before_us, low), min(self.after_us, high))

    def failing(self) -> slice:
        """Where in the track it begins and ends."""
        outages = self.track.outages
        return slice(int(outages.begin[self.first]), int(outages.end[self.last]))


def outage_of(parts: Sequence[TrackOutage], share: float, of_streams: int, steps: Steps) -> Outage:
    """One outage out of what one or several streams of the same target saw."""
    streams = _names(part.track.stream.name for part in parts)
    start_us = min(part.start_us for part in parts)
    end_us = max(part.end_us for part in parts)
    before_us = min(part.before_us for part in parts)
    after_us = max(part.after_us for part in parts)
    certain = Windows.union(part.certain() for part in parts)
    error_s = max(part.track.stream.clock_error_s for part in parts)
    outcomes, backends = _tally(parts)
    good_event_s = _good_event_s(parts, start_us)
    return Outage(
        target=parts[0].track.stream.target,
        streams=streams,
        of_streams=of_streams,
        nodes=_names(part.track.stream.node for part in parts),
        backends=backends,
        start_s=start_us / 1e6,
        end_s=end_us / 1e6,
        good_before_s=None if before_us == NEVER_BEFORE else before_us / 1e6,
        good_after_s=None if after_us == NEVER_AFTER else after_us / 1e6,
        at_least_s=certain.total_us / 1e6,
        failures=sum(outcomes.values()),
        outcomes=outcomes,
        share=share,
        cause=steps.during(start_us / 1e6 - error_s, end_us / 1e6 + error_s),
        blind=Windows.union(part.unseen() for part in parts).as_tuple(),
        good_event_s=good_event_s,
        onset=None if good_event_s is None else steps.during(good_event_s, start_us / 1e6),
    )


def _good_event_s(parts: Iterable[TrackOutage], start_us: int) -> float | None:
    """When the last event began that went well before a failure at `start_us`; None for none."""
    good = [part.before_us for part in parts if not part.track.clocked]
    return max((at / 1e6 for at in good if NEVER_BEFORE < at < start_us), default=None)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _tally(parts: Sequence[TrackOutage]) -> tuple[dict[Outcome, int], tuple[str, ...]]:
    outcomes: Counter[Outcome] = Counter()
    backends: set[str] = set()
    for part in parts:
        track, where = part.track, part.failing()
        failed = track.evidence[where] == Evidence.FAILED
        for code, count in _counts(track.outcome[where][failed]):
            outcomes[outcome_of(code)] += count
        backends.update(track.backends[i] for i, _ in _counts(track.backend[where][failed]))
    return dict(outcomes.most_common()), tuple(sorted(backends - {""}))


def _counts(values: np.ndarray[tuple[int], np.dtype[np.integer]]) -> Iterator[tuple[int, int]]:
    found, counts = np.unique(values, return_counts=True)
    return zip(found.tolist(), counts.tolist(), strict=True)


def outcome_of(code: int) -> Outcome:
    """The outcome with this number; OTHER for one that this version does not know."""
    try:
        return Outcome(code)
    except ValueError:
        return Outcome.OTHER
