"""Candidate runs against a baseline, metric by metric.

The run is the unit: each side has one value per run. Two questions are asked of each metric:

- Is it worse? One-sided Mann-Whitney test, Holm over the metrics, and the difference of the means
  above the margin. One metric that is worse rejects, so the chance of a wrong rejection is held
  over all metrics together.
- Is it no worse than the margin? The upper end of Welch's interval of the difference of the means
  is within the margin. All metrics must be, so nothing is adjusted for their number.

Neither a yes to the first nor to the second is "cannot tell".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from upgrade_e2e.gate.metrics import Asked, asked_metrics
from upgrade_e2e.gate.run import Figure, Run
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.gate.statistics import holm, interval, worse_p

__all__ = ["Comparison", "State", "compare"]


class State(StrEnum):
    """What can be said of one metric."""

    NOT_WORSE = "not worse"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Comparison:
    """One metric of one observer on both sides; one value per run, in the metric's unit.

    `missing` counts runs that have no such value. `difference` is that of the means, candidate
    less baseline, with `low` and `high` the ends of its interval (infinite where it is unknown);
    all three are None when a side is empty. `p_value` and `p_adjusted` are None when the runs
    differ by less than the absolute margin: then there is nothing to test. `censored` says that
    some values are lower bounds. `meaning` is the metric in words.
    """

    observer: str
    metric: str
    candidate: tuple[float, ...]
    baseline: tuple[float, ...]
    missing: int
    margin: float
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    censored: bool = False
    state: State = State.CANNOT_TELL
    meaning: str = ""

    @property
    def name(self) -> str:
        """`dns-kubernetes.default downtime_s`."""
        return f"{self.observer} {self.metric}"


def compare(
    candidates: Sequence[Run], baseline: Sequence[Run], settings: GateSettings
) -> tuple[Comparison, ...]:
    """Every metric that is asked of an observer, of every observer of either side."""
    rng = np.random.default_rng(settings.seed)
    observers = sorted({name for run in (*candidates, *baseline) for name in run.observers})
    rows = [
        _measured(_row(candidates, asked, observer, settings), settings, rng)
        for observer in observers
        for asked in asked_metrics(observer, candidates, baseline, settings)
    ]
    tested = [row for row in rows if row.p_value is not None]
    adjusted = holm([row.p_value for row in tested if row.p_value is not None])
    by_name = {row.name: p for row, p in zip(tested, adjusted, strict=True)}
    return tuple(_judged(replace(row, p_adjusted=by_name.get(row.name)), settings) for row in rows)


def _row(
    candidates: Sequence[Run], asked: Asked, observer: str, settings: GateSettings
) -> Comparison:
    new = tuple(_figures(candidates, observer, asked.metric))
    old = tuple(_figures(asked.baseline, observer, asked.metric))
    values = tuple(figure.value for figure in old)
    margin = settings.margin(observer, asked.metric)
    return Comparison(
        observer=observer,
        metric=asked.metric,
        candidate=tuple(figure.value for figure in new),
        baseline=values,
        missing=len(candidates) + len(asked.baseline) - len(new) - len(old),
        margin=margin.at(float(np.mean(values)) if values else 0.0),
        meaning=margin.meaning,
        censored=any(figure.censored for figure in (*new, *old)),
    )


def _figures(runs: Sequence[Run], observer: str, metric: str) -> Iterator[Figure]:
    for run in runs:
        figure = run.figure(observer, metric)
        if figure is not None:
            yield figure


def _measured(row: Comparison, settings: GateSettings, rng: np.random.Generator) -> Comparison:
    if not (row.candidate and row.baseline):
        return row
    new, old = np.array(row.candidate), np.array(row.baseline)
    low, high = interval(new, old, settings.confidence)
    # Whether a metric is tested at all must not depend on which run is on which side, or the
    # p-values would no longer be p-values: so the spread of all runs decides, not the difference.
    spread = float(np.ptp(np.concatenate([new, old])))
    tested = spread > settings.margin(row.observer, row.metric).absolute
    return replace(
        row,
        difference=float(new.mean() - old.mean()),
        low=low,
        high=high,
        p_value=worse_p(new, old, rng) if tested else None,
    )


def _judged(row: Comparison, settings: GateSettings) -> Comparison:
    if row.difference is None or row.high is None:
        return row
    significant = row.p_adjusted is not None and row.p_adjusted <= settings.alpha
    if significant and row.difference > row.margin:
        return replace(row, state=State.WORSE)
    enough = min(len(row.candidate), len(row.baseline)) >= settings.min_runs
    if enough and not row.missing and row.high <= row.margin:
        return replace(row, state=State.NOT_WORSE)
    return row
