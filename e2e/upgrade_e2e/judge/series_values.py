"""The values of one metric of one node as arrays, at the times at which they were read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.windows import Times
from upgrade_e2e.timeline import Readings

__all__ = ["Floats", "values", "values_at"]

Floats = npt.NDArray[np.float64]


def values(readings: Readings, metric: str, node: str, **labels: str) -> tuple[Times, Floats]:
    """When a metric of a node was read, in order, and its values."""
    found = readings.of(metric, node=node, **labels)
    at_us = np.concatenate([np.empty(0, np.int64), *(one.at_us for one in found)])
    value = np.concatenate([np.empty(0, np.float64), *(one.value for one in found)])
    order = np.argsort(at_us, kind="stable")
    return at_us[order], value[order]


def values_at(readings: Readings, metric: str, node: str, at_us: Times, **labels: str) -> Floats:
    """The values that were read at these times; NaN where there is none."""
    read_us, value = values(readings, metric, node, **labels)
    found = np.full(len(at_us), np.nan)
    place = np.searchsorted(read_us, at_us)
    there = place < len(read_us)
    there[there] = read_us[place[there]] == at_us[there]
    found[there] = value[place[there]]
    return found
