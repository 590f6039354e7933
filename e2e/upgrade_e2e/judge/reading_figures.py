"""Figures of readings that claims are made about: pure functions over series.

Each takes one series or several, such as those of all nodes, and raises Inconclusive where nothing
was read, so that a claim about nothing can neither hold nor break.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.timeline import Series

__all__ = ["increase", "largest", "latest", "quantile_of_buckets", "rate"]

_LE = "le"


def increase(series: Series | Iterable[Series]) -> float:
    """How much a counter grew between its first and its last reading; several are added up.

    A value that is smaller than the one before is that of a program that was started again, and
    counts from zero: what happened between the last reading and the restart is not known.
    """
    return sum(_increase(one) for one in _some(series))


def rate(series: Series | Iterable[Series]) -> float:
    """`increase` for each second between the first and the last reading of a counter.

    The rates of several counters are added up. Raises Inconclusive also when none of them was read
    twice.
    """
    some = [one for one in _some(series) if len(one) > 1]
    if not some:
        raise Inconclusive("a rate takes two readings of a counter, and there is only one.")
    return sum(_increase(one) / _seconds(one) for one in some)


def quantile_of_buckets(q: float, series: Series | Iterable[Series]) -> float:
    """The `q` quantile of what a histogram counted between the first and the last reading.

    `series` are its buckets, with the label `le`; those of several histograms are added up. As
    Prometheus does, values are taken to be spread evenly in their bucket. One in the last bucket,
    which has no bound, gives infinity: no limit is known to hold for it. Raises Inconclusive also
    when nothing was counted.
    """
    counts: dict[float, float] = {}
    for one in _some(series):
        bound = float(one.labels[_LE])
        counts[bound] = counts.get(bound, 0.0) + _increase(one)
    bounds = np.array(sorted(counts))
    below = np.maximum.accumulate([counts[bound] for bound in bounds])
    if not below[-1] > 0:
        raise Inconclusive("the histogram counted nothing while it was watched.")
    wanted = q * below[-1]
    at = int(np.searchsorted(below, wanted))
    if math.isinf(bounds[at]):
        return math.inf
    low_bound, low = (float(bounds[at - 1]), float(below[at - 1])) if at else (0.0, 0.0)
    inside = float(below[at]) - low
    share = (wanted - low) / inside if inside else 1.0
    return low_bound + (float(bounds[at]) - low_bound) * share


def latest(series: Series | Iterable[Series]) -> float:
    """The last value; of several series, that which was read last of all."""
    last = max(_some(series), key=lambda one: int(one.at_us[-1]))
    return float(last.value[-1])


def largest(series: Series | Iterable[Series]) -> float:
    """The largest value of all."""
    return max(float(one.value.max()) for one in _some(series))


def _some(series: Series | Iterable[Series]) -> list[Series]:
    """All series with a reading; raises Inconclusive for none."""
    given = [series] if isinstance(series, Series) else list(series)
    some = [one for one in given if len(one)]
    if not some:
        names = ", ".join(dict.fromkeys(one.metric for one in given))
        raise Inconclusive(
            f"nothing was read of {names or 'the metric'}; see whether the program publishes it "
            "under this name."
        )
    return some


def _increase(series: Series) -> float:
    """Differences, and the whole value after each restart."""
    steps = np.diff(series.value)
    return float(np.where(steps < 0, series.value[1:], steps).sum())


def _seconds(series: Series) -> float:
    return max(float(series.at_us[-1] - series.at_us[0]) / 1e6, 1e-6)
