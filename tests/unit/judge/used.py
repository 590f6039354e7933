"""Readings of nodes for tests, written by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from upgrade_e2e.judge.node_usage import NodeUsage
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.timeline import Readings, Series, Span

MIB = float(1 << 20)
UNIT = "/kubelet.slice/kubelet.service"


def read(
    metric: str,
    values: Sequence[float],
    *,
    node: str = "e2e-worker",
    every_s: float = 10.0,
    from_s: float = 0.0,
    **labels: str,
) -> Series:
    """A metric that was read at a fixed rate."""
    at_s = from_s + np.arange(len(values)) * every_s
    at_us = np.round(at_s * 1e6).astype(np.int64)
    return Series(metric, node, labels, at_us, np.asarray(values, np.float64), "cgroups")


def memory(mib: Sequence[float], **more: float | str) -> Series:
    """The memory of a kubelet's unit."""
    values = [one * MIB for one in mib]
    return read("container_memory_rss", values, id=UNIT, **more)  # type: ignore[arg-type]


def usage(*series: Series, spans: Sequence[Span] = ()) -> NodeUsage:
    """The figures of these readings."""
    return NodeUsage("resources", Readings(tuple(series)), Steps(tuple(spans)))
