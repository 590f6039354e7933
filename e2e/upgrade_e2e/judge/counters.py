"""Counters of programs that are replaced during a pass: what they counted in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.reading_figures import increase
from upgrade_e2e.timeline import Series

__all__ = ["counted_since", "worst_share"]

Values = npt.NDArray[np.float64]


def counted_since(series: Series, start_us: int) -> float:
    """As `increase`, and all of it for a counter that was not there at `start_us`.

    A program shows some counters only once they have counted something. 0 without a reading.
    """
    if not len(series):
        return 0.0
    born = float(series.value[0]) if series.at_us[0] > start_us else 0.0
    return born + increase(series)


def worst_share(part: Series, whole: Series, over_s: float, least: float) -> float | None:
    """The largest share of `whole` that `part` was in any stretch of `over_s`.

    Both are counters that are read at the same times; a shorter pass is one stretch. None where
    `whole` never counted `least` in a stretch: a share of next to nothing says nothing.
    """
    at_us, parts, wholes = _together(part, whole)
    if len(at_us) < 2:
        return None
    firsts = np.searchsorted(at_us, at_us - round(over_s * 1e6), side="left")
    total_us = at_us[-1] - at_us[0]
    ends = np.arange(len(at_us))
    full = at_us - at_us[firsts] >= min(round(over_s * 1e6), total_us) * 0.9
    counted_whole = wholes - wholes[firsts]
    enough = full & (counted_whole >= least) & (ends > firsts)
    if not enough.any():
        return None
    return float(((parts - parts[firsts])[enough] / counted_whole[enough]).max())


def _together(part: Series, whole: Series) -> tuple[npt.NDArray[np.int64], Values, Values]:
    """Both as sums that only grow, at the times at which both were read."""
    at_us, of_part, of_whole = np.intersect1d(part.at_us, whole.at_us, return_indices=True)
    return at_us, _growing(part.value[of_part]), _growing(whole.value[of_whole])


def _growing(values: Values) -> Values:
    return np.concatenate([[0.0], np.cumsum(_steps(values))]) if len(values) else values


def _steps(values: Values) -> Values:
    """From each value to the next; after a restart the whole next value."""
    steps = np.diff(values)
    return np.where(steps < 0, values[1:], steps)
