"""The outages in scope, and what they add up to."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upgrade_e2e.judge.episodes import Episodes
from upgrade_e2e.judge.outage import Outage, Part, outage_of
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.judge.windows import Windows

__all__ = ["Losses"]


@dataclass(frozen=True, eq=False)
class Losses:
    """The outages in scope."""

    scope: Scope
    steps: Steps

    @cached_property
    def outages(self) -> tuple[Outage, ...]:
        """Failures in a row, stream by stream, in time order."""
        found = [
            outage_of([Part(track, row, row)], 1.0, 1, self.steps)
            for track in self.scope.tracks
            for row in np.flatnonzero(
                self.scope.touches(track.rows.first_us, track.rows.last_us)
            ).tolist()
        ]
        return tuple(sorted(found, key=lambda outage: (outage.start_s, outage.streams)))

    @cached_property
    def episodes(self) -> tuple[Outage, ...]:
        """Outages of targets, over all streams, in time order."""
        found = [
            episodes.outage(number, self.steps)
            for episodes, numbers in self._by_target
            for number in numbers.tolist()
        ]
        return tuple(sorted(found, key=lambda outage: (outage.start_s, outage.target)))

    @property
    def episode_count(self) -> int:
        """How many episodes there are, without making values of them."""
        return sum(len(numbers) for _, numbers in self._by_target)

    def worst(self, most: int) -> tuple[Outage, ...]:
        """At most this many episodes, the one with the largest length times share first."""
        candidates = [
            (float(episodes.weight[number]), -int(episodes.start_us[number]), place, int(number))
            for place, (episodes, numbers) in enumerate(self._by_target)
            for number in numbers[np.argsort(-episodes.weight[numbers], kind="stable")[:most]]
        ]
        best = heapq.nlargest(most, candidates)
        return tuple(
            self._by_target[place][0].outage(number, self.steps) for *_, place, number in best
        )

    @cached_property
    def downtime_s(self) -> float:
        """Time in which something failed for certain, over all streams."""
        cores = [self.scope.rows(track).cores().minus(track.dark) for track in self.scope.tracks]
        return Windows.union(cores).within(self.scope.within).total_us / 1e6

    @cached_property
    def downtime_at_most_s(self) -> float:
        """Time in which something may have failed: from good answer to good answer."""
        reaches = [
            self.scope.rows(track).reaches(*self.scope.edges_us) for track in self.scope.tracks
        ]
        return Windows.union(reaches).within(self.scope.within).total_us / 1e6

    @cached_property
    def longest_outage_s(self) -> float:
        """The longest row of failures of a stream, less the blind time; 0 without failures."""
        longest = 0
        for track in self.scope.tracks:
            rows = self.scope.rows(track)
            unseen = track.dark.overlap_us(rows.first_us, rows.core_end_us)
            certain = rows.core_end_us - rows.first_us - unseen
            longest = max(longest, int(certain.max(initial=0)))
        return longest / 1e6

    @cached_property
    def longest_gap_s(self) -> float:
        """The longest time of a stream between two good answers around a failure."""
        start_us, end_us = self.scope.edges_us
        longest = 0
        for track in self.scope.tracks:
            rows = self.scope.rows(track)
            gap = np.minimum(rows.after_us, end_us) - np.maximum(rows.before_us, start_us)
            longest = max(longest, int(gap.max(initial=0)))
        return longest / 1e6

    @cached_property
    def _by_target(self) -> tuple[tuple[Episodes, np.ndarray[tuple[int], np.dtype[np.intp]]], ...]:
        return tuple(
            (episodes, np.flatnonzero(self.scope.touches(episodes.start_us, episodes.end_us)))
            for episodes in Episodes.of_targets(self.scope.tracks)
        )
