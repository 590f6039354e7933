"""Growth of a program's memory over cycles of load, before its upgrade and after it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its parts are loaded when they are first used

from upgrade_e2e.timeline import Series

__all__ = ["FEWEST_CYCLES", "MIB", "Growth", "Slope", "bursts", "per_cycle", "slope_of"]

MIB = float(1 << 20)
FEWEST_CYCLES = 10
"""Definition of this project: fewer points than that have a slope by chance."""
SETTLING_S = 60.0
"""Own choice: what a program needs after its start until its caches are filled."""
SETTLING_CYCLES = 2
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Slope:
    """How much a program grew with each cycle: Theil-Sen's slope with its 95 % interval, in bytes.

    The median of the slopes of all pairs: a few odd readings do not move it.
    """

    per_cycle: float
    at_least: float
    at_most: float
    cycles: int

    def __str__(self) -> str:
        return (
            f"{self.per_cycle / MIB:+.2f} MiB a cycle ({self.at_least / MIB:+.2f} to "
            f"{self.at_most / MIB:+.2f}, {self.cycles} cycles)"
        )


@dataclass(frozen=True)
class Growth:
    """The slopes of one program on one node, at the old version and at the new one.

    None where there were fewer than FEWEST_CYCLES cycles.
    """

    node: str
    before: Slope | None
    after: Slope | None

    @property
    def is_known(self) -> bool:
        """Whether there were enough cycles on both sides."""
        return self.before is not None and self.after is not None

    def __str__(self) -> str:
        before, after = (one or "too few cycles" for one in (self.before, self.after))
        return f"kubelet on {self.node}: before {before}, after {after}"

    @property
    def more_mib(self) -> float:
        """By how many MiB more the new version grew with each cycle, at least; 0 where not known.

        What is certain of the new version, less what the old one did in the same pass: growth that
        both have is no part of the upgrade, nor is what load and caches do to either.
        """
        if self.before is None or self.after is None:
            return 0.0
        return (self.after.at_least - max(self.before.per_cycle, 0.0)) / MIB


def bursts(at_s: npt.ArrayLike, apart_s: float) -> npt.NDArray[np.float64]:
    """When bursts of events began: events less than `apart_s` after one another are one burst."""
    times = np.sort(np.asarray(at_s, np.float64))
    if not len(times):
        return times
    first = np.concatenate([np.ones(1, bool), np.diff(times) >= apart_s])
    return np.asarray(times[first], np.float64)


def per_cycle(series: Series, begins_s: Sequence[float] | npt.NDArray[np.float64]) -> list[float]:
    """The least value of each cycle, from the beginning of one to that of the next.

    The least, because memory that a garbage collector frees later is no leak. A cycle without a
    reading is left out.
    """
    edges = np.searchsorted(series.at_us, np.round(np.asarray(begins_s) * 1e6))
    cycles = itertools.pairwise(edges)
    return [float(series.value[low:high].min()) for low, high in cycles if high > low]


def slope_of(series: Series, begins_s: npt.NDArray[np.float64]) -> Slope | None:
    """The slope over the cycles that begin at these times, without the first ones.

    Left out are the first SETTLING_S, and then SETTLING_CYCLES cycles. None for fewer than
    FEWEST_CYCLES cycles with a reading.
    """
    if not len(begins_s):
        return None
    settled = begins_s[begins_s >= begins_s[0] + SETTLING_S][SETTLING_CYCLES:]
    values = per_cycle(series, settled)
    if len(values) < FEWEST_CYCLES:
        return None
    found = scipy.stats.theilslopes(values, np.arange(len(values)), alpha=CONFIDENCE)
    return Slope(float(found[0]), float(found[2]), float(found[3]), len(values))
