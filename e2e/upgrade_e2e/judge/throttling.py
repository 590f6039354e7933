"""Which containers had to wait for CPU, because of their limit."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from upgrade_e2e.judge.counters import worst_share
from upgrade_e2e.judge.programs import containers
from upgrade_e2e.timeline import Readings, Series

__all__ = ["throttled_in"]

_OVER_S = 300.0
"""Of kubernetes-mixin's alert."""
_FEWEST_PERIODS = 100.0
"""Definition: ten seconds of the CPU time of a container with a limit."""
_Key = tuple[str, tuple[tuple[str, str], ...]]


def throttled_in(readings: Readings, namespaces: Collection[str]) -> Iterator[tuple[Series, float]]:
    """Each container with a CPU limit in these namespaces, and the share in which it waited.

    That is the share of its CFS periods, in the worst five minutes. Those that hardly ran are left
    out. The series is that of the periods in which it was throttled.
    """
    periods = containers(readings, "container_cpu_cfs_periods_total", namespaces)
    whole = {_key(one): one for one in periods}
    for part in containers(readings, "container_cpu_cfs_throttled_periods_total", namespaces):
        if _key(part) in whole:
            worst = worst_share(part, whole[_key(part)], _OVER_S, _FEWEST_PERIODS)
            if worst is not None:
                yield part, worst


def _key(series: Series) -> _Key:
    return series.node, tuple(sorted(series.labels.items()))
