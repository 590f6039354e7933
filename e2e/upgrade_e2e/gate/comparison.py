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

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy  # its parts are loaded when they are first used

from upgrade_e2e.gate.metrics import Asked, asked_metrics
from upgrade_e2e.gate.run import Figure, Run
from upgrade_e2e.gate.settings import GateSettings

__all__ = ["Comparison", "State", "compare", "holm", "interval", "welch_reach", "worse_p"]

Values = npt.NDArray[np.float64]

_MOST_PERMUTATIONS = 20_000
_ROUNDING = 1e-9


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


def worse_p(candidate: Values, baseline: Values, rng: np.random.Generator) -> float:
    """The one-sided p-value that candidate values tend to be larger (Mann-Whitney).

    Exact without ties; with ties exact over all permutations while they are few, else the normal
    approximation with the correction for ties.
    """
    both = np.concatenate([candidate, baseline])
    if len(candidate) == 1:
        return float(np.mean(both >= candidate[0]))
    if len(baseline) == 1:
        return float(np.mean(both <= baseline[0]))
    method: scipy.stats.PermutationMethod | Literal["exact", "asymptotic"]
    if len(np.unique(both)) == len(both):
        method = "exact"
    elif math.comb(len(both), len(candidate)) <= _MOST_PERMUTATIONS:
        method = scipy.stats.PermutationMethod(n_resamples=_MOST_PERMUTATIONS, rng=rng)
    else:
        method = "asymptotic"
    result = scipy.stats.mannwhitneyu(candidate, baseline, alternative="greater", method=method)
    return float(result.pvalue)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values adjusted after Holm: a step-down Bonferroni, in the order given."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)


def interval(new: Values, old: Values, confidence: float) -> tuple[float, float]:
    """The difference of the means, candidate less baseline: Welch's interval, after Student's t.

    It does not ask that both sides spread alike, and with five and seven runs it holds its level
    where intervals from resampling are too narrow. Infinite where a side has one value, which says
    nothing of its spread, unless all values are the same.
    """
    difference = float(new.mean() - old.mean())
    if max(np.ptp(new), np.ptp(old)) <= _ROUNDING * max(1.0, np.abs(new).max(), np.abs(old).max()):
        return difference, difference
    if min(len(new), len(old)) < 2:
        return -math.inf, math.inf
    reach = float(welch_reach(new, old, confidence))
    return difference - reach, difference + reach


def welch_reach(new: Values, old: Values, confidence: float) -> Values:
    """How far the interval reaches to either side of the difference, over the last axis."""
    counts = new.shape[-1], old.shape[-1]
    errors = [side.var(axis=-1, ddof=1) / side.shape[-1] for side in (new, old)]
    error = np.maximum(errors[0] + errors[1], np.finfo(np.float64).tiny)
    shares = errors[0] / error, errors[1] / error
    freedom = 1 / (shares[0] ** 2 / (counts[0] - 1) + shares[1] ** 2 / (counts[1] - 1))
    quantile = scipy.stats.t.ppf(0.5 + confidence / 2, freedom)
    return np.asarray(quantile * np.sqrt(error), np.float64)


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
