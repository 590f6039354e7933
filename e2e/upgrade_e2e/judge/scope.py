"""What part of a pass is looked at: which streams, and which stretches of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.evidence import Track
from upgrade_e2e.judge.track_outages import TrackOutages
from upgrade_e2e.judge.windows import Times, Windows

__all__ = ["Scope"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scope:
    """Some tracks, and the time of interest; `narrowed` when that is not the whole pass.

    A sample is in scope when it was sent in that time; an outage when it overlaps it, and
    then as a whole, since cutting it would make up a beginning or an end.
    """

    tracks: tuple[Track, ...]
    within: Windows
    narrowed: bool = False

    @property
    def edges_us(self) -> tuple[int, int]:
        """Beginning and end of the watched window."""
        if not self.tracks:
            return 0, 0
        watched = self.tracks[0].watched
        return int(watched.start_us[0]), int(watched.end_us[0])

    def pick(self, track: Track, mask: Mask) -> Mask:
        """The samples of `mask` that are in scope."""
        return mask & self.within.contains(track.sent_us) if self.narrowed else mask

    def outages_of(self, track: Track) -> TrackOutages:
        """The outages of one track that are in scope."""
        if not self.narrowed:
            return track.outages
        return track.outages.where(self.touches(track.outages.first_us, track.outages.last_us))

    def touches(self, first_us: Times, last_us: Times) -> Mask:
        """Which stretches [first, last] overlap the time of interest."""
        if not self.narrowed:
            return np.ones(len(first_us), bool)
        return self.within.overlap_us(first_us, last_us + 1) > 0
