"""How often components of nodes were short of something: of CPU, of memory, or of room."""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from upgrade_e2e.judge.node_usage import WATCHED
from upgrade_e2e.judge.programs import component_of, counts_in, oom_counters
from upgrade_e2e.judge.throttling import throttled_in
from upgrade_e2e.observers.kills import EVICTION, OOM_KILL
from upgrade_e2e.timeline import Readings, Series

__all__ = ["NODE", "Strains"]

NODE = "the node"
"""Stands for a whole node among its components."""
_Where = tuple[str, str]
"""A node, and a component on it."""


@dataclass(frozen=True)
class Strains:
    """By node and component: the worst share of throttled periods, OOM kills and evictions.

    What shows in several places, such as a counter and a status, counts as often as the place says
    that shows the most.
    """

    throttled: Mapping[_Where, float]
    oom_kills: Mapping[_Where, int]
    evictions: Mapping[_Where, int]

    @classmethod
    def of(cls, readings: Readings) -> Strains:
        """Those that a NodeResources read."""
        throttled: dict[_Where, float] = {}
        for series, worst in throttled_in(readings, WATCHED):
            throttled[_where(series)] = max(throttled.get(_where(series), 0.0), worst)
        return cls(
            throttled=throttled,
            oom_kills=_kills(readings, oom_counters(readings, WATCHED), OOM_KILL),
            evictions=_kills(readings, readings.of("kubelet_evictions"), EVICTION),
        )


def _kills(readings: Readings, counters: Iterable[Series], what: str) -> Counter[_Where]:
    counted: Counter[_Where] = Counter()
    for series, count in counts_in(readings, counters):
        counted[_where(series)] += round(count)
    shown: dict[str, Counter[_Where]] = {}
    for series in readings.of(what):
        shown.setdefault(series.labels.get("source", ""), Counter())[_where(series)] += 1
    return functools.reduce(operator.or_, shown.values(), counted)


def _where(series: Series) -> _Where:
    return series.node, component_of(series) or NODE
