"""Which failures belong together.

One broken backend of three makes two good answers to every bad one, a node drain is seen from
three nodes at slightly different moments. As failures in a row that would be hundreds
of lines, so
- outages of one stream are joined while fewer than 20 good answers lie between them (with one bad
  backend of three, 20 good ones in a row have a chance of 0.03 %), and no more than a second, or
  2.5 intervals for slower probes;
- what several streams of one target saw at the same time is one outage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.evidence import Track
from upgrade_e2e.judge.outage import Outage, TrackOutage, outage_of
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.judge.windows import Times, Windows

__all__ = ["TargetOutages"]

_JOIN_GOOD = 20
_JOIN_US = 1_000_000
_JOIN_INTERVALS = 2.5
_MOMENT_US = 1


@dataclass(frozen=True, eq=False)
class TargetOutages:
    """The outages of one target, in time order, as columns.

    start_us, end_us   first and last failure
    share              at its worst, the share of the target's probes that failed
    first, last        its parts: `parts[first:last]`
    """

    tracks: tuple[Track, ...]
    start_us: Times
    end_us: Times
    share: npt.NDArray[np.float64]
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    part_track: npt.NDArray[np.intp]
    part_first: npt.NDArray[np.intp]
    part_last: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.start_us)

    @property
    def weight(self) -> npt.NDArray[np.float64]:
        """How much each matters: its length times its share of failing probes."""
        return (self.end_us - self.start_us + _MOMENT_US) * self.share

    def outage(self, number: int, steps: Steps) -> Outage:
        """One outage as a value."""
        parts = self.parts(number)
        return outage_of(parts, float(self.share[number]), len(self.tracks), steps)

    def parts(self, number: int) -> list[TrackOutage]:
        """What each stream saw of one outage."""
        return [
            TrackOutage(
                self.tracks[self.part_track[i]], int(self.part_first[i]), int(self.part_last[i])
            )
            for i in range(int(self.first[number]), int(self.last[number]))
        ]

    def longest_us(self, numbers: npt.NDArray[np.intp], within: Windows | None) -> int:
        """How long the longest of these outages lasted for certain, inside `within` if given."""
        interval_us = max((round(t.stream.interval_s * 1e6) for t in self.tracks), default=0)
        most_us = self.end_us[numbers] - self.start_us[numbers] + interval_us
        longest_us = 0
        for place in np.argsort(-most_us, kind="stable").tolist():
            if most_us[place] <= longest_us:
                break
            certain = Windows.union(part.certain() for part in self.parts(int(numbers[place])))
            inside = certain if within is None else certain.within(within)
            longest_us = max(longest_us, inside.total_us)
        return longest_us

    @classmethod
    def of_targets(cls, tracks: Iterable[Track]) -> Iterator[TargetOutages]:
        """The outages of each target."""
        by_target: dict[str, list[Track]] = {}
        for track in tracks:
            by_target.setdefault(track.stream.target, []).append(track)
        for group in by_target.values():
            yield cls.of_target(group)

    @classmethod
    def of_target(cls, tracks: Sequence[Track]) -> TargetOutages:
        """The outages that streams of one target saw."""
        joined = [_join(track) for track in tracks]
        number = np.concatenate(
            [np.full(len(part.first), i, np.intp) for i, part in enumerate(joined)]
        )
        begins = np.concatenate([part.reach_start_us for part in joined])
        order = np.argsort(begins, kind="stable")
        begins = begins[order]
        ends = np.concatenate([part.reach_end_us for part in joined])[order]
        within = np.concatenate([part.share for part in joined])[order] / len(tracks)
        first, last = _groups(begins, ends)
        firsts = np.concatenate([part.first for part in joined])[order]
        lasts = np.concatenate([part.last for part in joined])[order]
        starts = np.concatenate([part.start_us for part in joined])[order]
        finals = np.concatenate([part.end_us for part in joined])[order]
        return cls(
            tracks=tuple(tracks),
            start_us=np.minimum.reduceat(starts, first) if len(first) else starts,
            end_us=np.maximum.reduceat(finals, first) if len(first) else finals,
            share=_worst(begins, ends, within, first),
            first=first,
            last=last,
            part_track=number[order],
            part_first=firsts,
            part_last=lasts,
        )


@dataclass(frozen=True, eq=False)
class _Joined:
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    start_us: Times
    end_us: Times
    reach_start_us: Times
    reach_end_us: Times
    share: npt.NDArray[np.float64]


def _join(track: Track) -> _Joined:
    """The outages of one stream, neighbours joined."""
    outages = track.outages
    goods = outages.proof_begin[1:] - outages.proof_end[:-1]
    pause_us = outages.first_us[1:] - outages.last_us[:-1]
    limit_us = max(_JOIN_US, _JOIN_INTERVALS * track.stream.interval_s * 1e6)
    apart = (goods >= _JOIN_GOOD) | (pause_us > limit_us)
    cuts = np.flatnonzero(apart)
    first = np.concatenate([np.zeros(min(len(outages), 1), np.intp), cuts + 1])
    last = np.concatenate([cuts, np.full(min(len(outages), 1), len(outages) - 1, np.intp)])
    failures = np.concatenate([np.zeros(1, np.intp), np.cumsum(outages.failures)])
    probes = outages.proof_end[last] - outages.proof_begin[first]
    error_us = round(track.stream.clock_error_s * 1e6)
    return _Joined(
        first=first,
        last=last,
        start_us=outages.first_us[first],
        end_us=outages.last_us[last],
        reach_start_us=outages.first_us[first] - error_us,
        reach_end_us=outages.core_end_us[last] + error_us,
        share=(failures[last + 1] - failures[first]) / np.maximum(probes, 1),
    )


def _groups(begins: Times, ends: Times) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Groups of stretches (sorted by beginning) that overlap or touch: first, last exclusive."""
    if not len(begins):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    reach = np.maximum.accumulate(ends)
    first = np.flatnonzero(np.append(True, begins[1:] > reach[:-1]))
    return first, np.append(first[1:], len(begins))


def _worst(
    begins: Times,
    ends: Times,
    share: npt.NDArray[np.float64],
    first: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """The largest sum of shares that hold at the same moment, for each group."""
    if not len(first):
        return np.empty(0, np.float64)
    times = np.concatenate([begins, ends])
    change = np.concatenate([share, -share])
    closes = np.repeat([0, 1], len(begins))
    order = np.lexsort((closes, times))
    level = np.cumsum(change[order])
    group_start = np.searchsorted(times[order], begins[first], side="left")
    return np.clip(np.round(np.maximum.reduceat(level, group_start), 9), 0.0, 1.0)
