"""The statistics of a comparison: is one side worse, and how much worse may it be? Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy  # its parts are loaded when they are first used

__all__ = ["Values", "holm", "interval", "welch_reach", "worse_p"]

Values = npt.NDArray[np.float64]

_MOST_PERMUTATIONS = 20_000
_ROUNDING = 1e-9
_TINY = 1e-300


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
    # The smallest number that divides without trouble: sides without any spread reach nowhere.
    errors = [side.var(axis=-1, ddof=1) / side.shape[-1] + _TINY for side in (new, old)]
    error = errors[0] + errors[1]
    shares = errors[0] / error, errors[1] / error
    freedom = 1 / (shares[0] ** 2 / (counts[0] - 1) + shares[1] ** 2 / (counts[1] - 1))
    quantile = scipy.stats.t.ppf(0.5 + confidence / 2, freedom)
    return np.asarray(quantile * np.sqrt(error), np.float64)
