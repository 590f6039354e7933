"""Series and views of readings for tests, written by hand."""

from __future__ import annotations

import numpy as np

from upgrade_e2e.timeline import Series


def series(
    metric: str, *rows: tuple[int, float], node: str = "cp", stream: str = "scrape", **labels: str
) -> Series:
    """A series with these times in microseconds and values."""
    at_us = np.array([at for at, _ in rows], np.int64)
    value = np.array([value for _, value in rows], np.float64)
    return Series(metric, node, labels, at_us, value, stream)


def counted(metric: str, *values: float, node: str = "cp", **labels: str) -> Series:
    """A series with one value a second, the first at second 0."""
    rows = [(number * 1_000_000, value) for number, value in enumerate(values)]
    return series(metric, *rows, node=node, **labels)
