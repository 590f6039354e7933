"""How much of the pass the probers saw, and how short an outage they would have noticed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upgrade_e2e.judge import blind
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.windows import Times

__all__ = ["Coverage"]

_CERTAIN = 0.99


@dataclass(frozen=True, eq=False)
class Coverage:
    """The instrument's own quality, in scope."""

    scope: Scope

    @cached_property
    def blind_by_stream(self) -> Mapping[str, float]:
        """The share of the time in which each stream was blind."""
        total = max(1, self.scope.within.total_us)
        return {
            track.stream.name: track.blind.within(self.scope.within).total_us / total
            for track in self.scope.tracks
        }

    @cached_property
    def longest_blind_s(self) -> Mapping[str, float]:
        """The longest time in one piece in which each stream at a fixed rate was blind."""
        found = {}
        for track in self.scope.tracks:
            if track.clocked:
                unseen = track.blind.within(self.scope.within)
                lengths_us = unseen.end_us - unseen.start_us
                found[track.stream.name] = int(lengths_us.max(initial=0)) / 1e6
        return found

    @property
    def blind_share(self) -> float:
        """The mean of `blind_by_stream`; 0 without any stream."""
        shares = self.blind_by_stream.values()
        return sum(shares) / len(shares) if shares else 0.0

    @cached_property
    def resolution_s(self) -> float:
        """The shortest outage that a probe of a stream would have met with a chance of 99 %.

        Infinite for streams that follow events: they see an outage only if an event falls into it.
        """
        if not self._gaps_us:
            return math.inf
        return blind.resolution_us(self._gaps_us, _CERTAIN) / 1e6

    def chance_to_see(self, hole_s: float) -> float:
        """The chance that a probe of a stream met an outage of this length; 0 for event streams."""
        return blind.chance_to_see(self._gaps_us, round(hole_s * 1e6))

    @cached_property
    def _gaps_us(self) -> tuple[Times, ...]:
        """The gaps between probes that prove anything, by clocked stream."""
        within = self.scope.within
        windows = list(zip(within.start_us.tolist(), within.end_us.tolist(), strict=True))
        return tuple(
            _gaps(track.proof_us(), start_us, end_us)
            for track in self.scope.tracks
            if track.clocked
            for start_us, end_us in windows
        )


def _gaps(sent_us: Times, start_us: int, end_us: int) -> Times:
    inside = sent_us[slice(*np.searchsorted(sent_us, [start_us, end_us]))]
    return np.diff(inside, prepend=start_us, append=end_us)
