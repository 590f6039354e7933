"""How long a kubelet waited for a list of its pods at least, between two readings of its counts.

While a runtime is frozen nobody can read the kubelet, and when it can be read again its lists are
young. But it has counted how long ago the list before was whenever it asked for one: how many,
their sum, and how many of them were at most so long. The rest of the sum is that of the long ones.
"""

from __future__ import annotations

import numpy as np

from upgrade_e2e.judge.series_values import Floats, values_at
from upgrade_e2e.judge.windows import Times
from upgrade_e2e.timeline import Readings
from upgrade_e2e.timeline.kubelet_metrics import PLEG_RELISTS, PLEG_RELISTS_S, PLEG_RELISTS_UNDER

__all__ = ["longest_waits"]


def longest_waits(readings: Readings, node: str, at_us: Times) -> Floats:
    """The longest wait between each reading and the one before it, in seconds, at least.

    NaN where that is not known. Counts that began again at 0 must be left out by the caller.
    """
    lists = _more(values_at(readings, PLEG_RELISTS, node, at_us))
    lists_s = _more(values_at(readings, PLEG_RELISTS_S, node, at_us))
    longest_s = _mean(lists_s, lists)
    long, rest_s, limit_s, before = np.zeros(len(at_us)), lists_s, np.nan, np.zeros(len(at_us))
    for limit in _limits_s(readings, node):
        under = _more(values_at(readings, PLEG_RELISTS_UNDER, node, at_us, le=limit))
        limit_s = float(limit)
        rest_s = rest_s - (under - before) * limit_s
        long, before = lists - under, under
    return np.fmax(longest_s, np.fmax(_mean(rest_s, long), np.where(long > 0, limit_s, np.nan)))


def _mean(total: Floats, count: Floats) -> Floats:
    """The mean of so many; NaN of none."""
    mean: Floats = np.full(len(total), np.nan)
    return np.divide(total, count, out=mean, where=count > 0)


def _more(count: Floats) -> Floats:
    """By how much a count grew since the reading before; NaN for the first."""
    return np.diff(count, prepend=np.nan)


def _limits_s(readings: Readings, node: str) -> list[str]:
    """The finite limits of the buckets, as they are written, the smallest first."""
    found = {
        series.labels["le"]
        for series in readings.series
        if series.metric == PLEG_RELISTS_UNDER and series.node == node
    }
    return sorted((limit for limit in found if np.isfinite(float(limit))), key=float)
