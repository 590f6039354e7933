"""Sets of stretches of time, with the set algebra that judging needs; vectorised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import numpy.typing as npt

from upgrade_e2e.timeline import Window

__all__ = ["Times", "Windows", "widened"]

Times = npt.NDArray[np.int64]
"""Microseconds since the origin of the pass; integers, so that no bound is rounded away."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Half-open stretches [start_us, end_us): sorted, none empty, none touching another."""

    start_us: Times
    end_us: Times

    @classmethod
    def of(cls, start_us: npt.ArrayLike, end_us: npt.ArrayLike) -> Windows:
        """The union of any stretches; empty and backward ones vanish."""
        start, end = np.asarray(start_us, np.int64), np.asarray(end_us, np.int64)
        real = end > start
        if not real.all():
            start, end = start[real], end[real]
        if len(start) and (start[1:] < start[:-1]).any():
            order = np.argsort(start, kind="stable")
            start, end = start[order], end[order]
        reach = np.maximum.accumulate(end)
        opens = np.ones(len(start), bool)
        opens[1:] = start[1:] > reach[:-1]
        first = np.flatnonzero(opens)
        last = np.append(first[1:], len(start)) - 1 if len(start) else first
        return cls(start[first], reach[last])

    @classmethod
    def none(cls) -> Windows:
        """No time at all."""
        return cls.of([], [])

    @classmethod
    def union(cls, sets: Iterable[Windows]) -> Windows:
        """All time that lies in one of `sets` at least."""
        parts = [cls.none(), *sets]
        return cls.of(
            np.concatenate([part.start_us for part in parts]),
            np.concatenate([part.end_us for part in parts]),
        )

    @classmethod
    def common(cls, sets: Iterable[Windows]) -> Windows:
        """The time that lies in every one of `sets`; none for no sets."""
        parts = list(sets)
        return reduce(lambda one, other: one.within(other), parts) if parts else cls.none()

    def __len__(self) -> int:
        return len(self.start_us)

    @property
    def total_us(self) -> int:
        """The total time."""
        return int((self.end_us - self.start_us).sum())

    def contains(self, times_us: Times) -> npt.NDArray[np.bool_]:
        """For each time, whether it lies in here."""
        if not len(self):
            return np.zeros(len(times_us), bool)
        at = np.searchsorted(self.start_us, times_us, side="right")
        return (at > 0) & (times_us < self.end_us[np.maximum(at - 1, 0)])

    def overlap_us(self, start_us: Times, end_us: Times) -> Times:
        """For each stretch [start, end), how much of it lies in here."""
        if not len(self):
            return np.zeros(len(start_us), np.int64)
        return self._elapsed(end_us) - self._elapsed(start_us)

    def clip(self, start_us: int, end_us: int) -> Windows:
        """What of it lies in [start, end)."""
        return Windows.of(np.maximum(self.start_us, start_us), np.minimum(self.end_us, end_us))

    def within(self, other: Windows) -> Windows:
        """What lies in both."""
        return self._split(other, inside=True)

    def minus(self, other: Windows) -> Windows:
        """What lies in here but not in `other`."""
        return self._split(other, inside=False) if len(other) else self

    def as_tuple(self) -> tuple[Window, ...]:
        """The stretches as values, in seconds."""
        pairs = zip(self.start_us.tolist(), self.end_us.tolist(), strict=True)
        return tuple(Window(start / 1e6, end / 1e6) for start, end in pairs)

    @cached_property
    def _sums(self) -> Times:
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.end_us - self.start_us)])

    def _elapsed(self, times_us: Times) -> Times:
        """How much of it lies before each time."""
        at = np.searchsorted(self.start_us, times_us, side="right")
        ahead = np.maximum(self.end_us[np.maximum(at - 1, 0)] - times_us, 0)
        return self._sums[at] - np.where(at > 0, ahead, 0)

    def _split(self, other: Windows, *, inside: bool) -> Windows:
        edges = np.unique(
            np.concatenate([self.start_us, self.end_us, other.start_us, other.end_us])
        )
        left, right = edges[:-1], edges[1:]
        keep = self.contains(left) & (other.contains(left) == inside)
        return Windows.of(left[keep], right[keep])


def widened(windows: Windows, by_s: float) -> Windows:
    """The same stretches, each longer by this much at both ends."""
    by_us = round(by_s * 1e6)
    return Windows.of(windows.start_us - by_us, windows.end_us + by_us)
