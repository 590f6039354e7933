"""The outages in scope, and what they add up to."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upgrade_e2e.judge.outage import Outage, TrackOutage, outage_of
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.judge.target_outages import TargetOutages
from upgrade_e2e.judge.track_outages import NEVER_AFTER, NEVER_BEFORE
from upgrade_e2e.judge.windows import Windows

__all__ = ["OutageSet"]

Numbers = np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(frozen=True, eq=False)
class OutageSet:
    """The outages in scope."""

    scope: Scope
    steps: Steps

    @cached_property
    def of_streams(self) -> tuple[Outage, ...]:
        """Outages as each stream saw them, in time order."""
        found = [
            outage_of([TrackOutage(track, number, number)], 1.0, 1, self.steps)
            for track in self.scope.tracks
            for number in np.flatnonzero(
                self.scope.touches(track.outages.first_us, track.outages.last_us)
            ).tolist()
        ]
        return tuple(sorted(found, key=lambda outage: (outage.start_s, outage.streams)))

    @cached_property
    def of_targets(self) -> tuple[Outage, ...]:
        """Outages of targets, over all streams, in time order."""
        found = [
            columns.outage(number, self.steps)
            for columns, numbers in self._targets
            for number in numbers.tolist()
        ]
        return tuple(sorted(found, key=lambda outage: (outage.start_s, outage.target)))

    @property
    def count(self) -> int:
        """How many outages there are, without making values of them."""
        return sum(len(numbers) for _, numbers in self._targets)

    def worst(self, most: int) -> tuple[Outage, ...]:
        """At most this many outages, the one with the largest length times share first."""
        candidates = [
            (float(columns.weight[number]), -int(columns.start_us[number]), place, int(number))
            for place, (columns, numbers) in enumerate(self._targets)
            for number in numbers[np.argsort(-columns.weight[numbers], kind="stable")[:most]]
        ]
        best = heapq.nlargest(most, candidates)
        return tuple(
            self._targets[place][0].outage(number, self.steps) for *_, place, number in best
        )

    @cached_property
    def downtime_s(self) -> float:
        """Time in which something failed for certain, over all streams."""
        cores = [
            self.scope.outages_of(track).cores().minus(track.dark) for track in self.scope.tracks
        ]
        return Windows.union(cores).within(self.scope.within).total_us / 1e6

    @cached_property
    def downtime_at_most_s(self) -> float:
        """Time in which something may have failed: from good answer to good answer."""
        reaches = [
            self.scope.outages_of(track).reaches(*self.scope.edges_us)
            for track in self.scope.tracks
        ]
        return Windows.union(reaches).within(self.scope.within).total_us / 1e6

    @cached_property
    def longest_outage_s(self) -> float:
        """The longest outage of a target, inside the scope, less the blind time; 0 for none."""
        within = self.scope.within if self.scope.narrowed else None
        longest = (columns.longest_us(numbers, within) for columns, numbers in self._targets)
        return max(longest, default=0) / 1e6

    @cached_property
    def longest_silence_s(self) -> float:
        """The longest time in which one stream got only failures, less the blind time.

        That of the whole outage, also where the scope cuts it; 0 without failures.
        """
        longest = 0
        for track in self.scope.tracks:
            outages = self.scope.outages_of(track)
            unseen = track.dark.overlap_us(outages.first_us, outages.core_end_us)
            certain = outages.core_end_us - outages.first_us - unseen
            longest = max(longest, int(certain.max(initial=0)))
        return longest / 1e6

    @cached_property
    def longest_gap_s(self) -> float:
        """The longest time of a stream between two good answers around a failure."""
        start_us, end_us = self.scope.edges_us
        longest = 0
        for track in self.scope.tracks:
            outages = self.scope.outages_of(track)
            gap = np.minimum(outages.after_us, end_us) - np.maximum(outages.before_us, start_us)
            longest = max(longest, int(gap.max(initial=0)))
        return longest / 1e6

    @cached_property
    def open(self) -> bool:
        """Whether an outage began before, or lasted beyond, what was seen."""
        return any(
            bool(
                (outages.before_us == NEVER_BEFORE).any() or (outages.after_us == NEVER_AFTER).any()
            )
            for outages in map(self.scope.outages_of, self.scope.tracks)
        )

    @cached_property
    def _targets(self) -> tuple[tuple[TargetOutages, Numbers], ...]:
        """The outages of each target, with the numbers of those in scope."""
        return tuple(
            (columns, np.flatnonzero(self.scope.touches(columns.start_us, columns.end_us)))
            for columns in TargetOutages.of_targets(self.scope.tracks)
        )
