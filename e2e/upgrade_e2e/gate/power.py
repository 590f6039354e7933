"""What so many runs could have seen, and how many would be needed: by simulation.

The noise is what the runs themselves show: deviations from their side's mean, drawn again with a
little smoothing. No shape of distribution is assumed, but few runs know little of their own noise,
so these figures are estimates, not guarantees.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are first used

from upgrade_e2e.gate.comparison import Comparison
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.gate.statistics import Values, welch_reach

__all__ = ["MOST_RUNS", "Sensitivity", "sensitivity"]

MOST_RUNS = 60
_SMOOTHING = 0.3
_EXACT_PAIRS = 400
_DOUBLINGS = 10
_BISECTIONS = 7


@dataclass(frozen=True)
class Sensitivity:
    """What a comparison could have shown.

    `smallest` is the smallest difference of the means that would have been called worse with the
    asked power; None when no difference could have been. `runs_needed` is the number of candidate
    runs at which an answer can be expected (at most MOST_RUNS, else None), if the true difference
    is the one seen; `both_sides` means that the baseline must grow to that number too.
    """

    smallest: float | None
    runs_needed: int | None
    both_sides: bool = False


def sensitivity(row: Comparison, tested: int, settings: GateSettings) -> Sensitivity:
    """What `row` could have shown, as one of `tested` metrics."""
    if row.difference is None:
        return Sensitivity(None, settings.min_runs, both_sides=True)
    trial = _Trial(row, max(1, tested), settings)
    new, old = len(row.candidate), len(row.baseline)
    smallest = trial.smallest(new, old)
    answers = trial.rejects if row.difference > row.margin else trial.accepts
    if (needed := _fewest(lambda n: answers(n, old), settings)) is not None:
        return Sensitivity(smallest, max(needed, settings.min_runs))
    needed = _fewest(lambda n: answers(n, n), settings)
    return Sensitivity(smallest, needed, both_sides=True)


class _Trial:
    """Pairs of sides drawn from the noise of one comparison."""

    def __init__(self, row: Comparison, tested: int, settings: GateSettings) -> None:
        self.row = row
        self.settings = settings
        self.level = settings.alpha / tested
        self.noise = np.concatenate([_deviations(row.candidate), _deviations(row.baseline)])

    def smallest(self, new: int, old: int) -> float | None:
        """The smallest difference that is called worse with the asked power."""
        if 1 / math.comb(new + old, new) > self.level:
            return None
        above = self.row.margin
        for _ in range(_DOUBLINGS):
            if self._share_worse(above, new, old) >= self.settings.power:
                break
            above *= 2
        else:
            return None
        below = self.row.margin if above == self.row.margin else above / 2
        for _ in range(_BISECTIONS):
            middle = (below + above) / 2
            if self._share_worse(middle, new, old) >= self.settings.power:
                above = middle
            else:
                below = middle
        return above

    def rejects(self, new: int, old: int) -> bool:
        """Whether the difference that was seen would be called worse."""
        difference = self.row.difference or 0.0
        return self._share_worse(difference, new, old) >= self.settings.power

    def accepts(self, new: int, old: int) -> bool:
        """Whether the difference that was seen would be called no worse than the margin.

        A candidate that looks better is counted as equal: so it may have looked by chance.
        """
        if min(new, old) < 2:
            return False
        difference = max(0.0, self.row.difference or 0.0)
        candidate, baseline = self._draw(difference, new, old)
        reach = welch_reach(candidate, baseline, self.settings.confidence)
        high = candidate.mean(axis=1) - baseline.mean(axis=1) + reach
        return float(np.mean(high <= self.row.margin)) >= self.settings.power

    def _share_worse(self, shift: float, new: int, old: int) -> float:
        if 1 / math.comb(new + old, new) > self.level:
            return 0.0
        candidate, baseline = self._draw(shift, new, old)
        result = scipy.stats.mannwhitneyu(
            candidate,
            baseline,
            alternative="greater",
            axis=1,
            method="exact" if new * old <= _EXACT_PAIRS else "asymptotic",
        )
        apart = candidate.mean(axis=1) - baseline.mean(axis=1) > self.row.margin
        return float(np.mean((result.pvalue <= self.level) & apart))

    def _draw(self, shift: float, new: int, old: int) -> tuple[Values, Values]:
        rng = np.random.default_rng(self.settings.seed)
        size = (self.settings.simulations, new + old)
        spread = float(self.noise.std())
        drawn = rng.choice(self.noise, size) + rng.normal(0.0, 1.0, size) * spread * _SMOOTHING
        drawn /= math.hypot(1.0, _SMOOTHING)
        return drawn[:, :new] + shift, drawn[:, new:]


def _deviations(values: tuple[float, ...]) -> Values:
    """Deviations from the mean, widened for having been taken from their own mean."""
    array = np.array(values, np.float64)
    widened: Values = (array - array.mean()) * math.sqrt(len(array) / max(1, len(array) - 1))
    return widened


def _fewest(answers: Callable[[int], bool], settings: GateSettings) -> int | None:
    """The fewest runs at which `answers` holds, looked for in growing steps, then between them."""
    before = settings.min_runs - 1
    runs = settings.min_runs
    while runs <= MOST_RUNS:
        if answers(runs):
            while runs - before > 1:
                middle = (runs + before) // 2
                if answers(middle):
                    runs = middle
                else:
                    before = middle
            return runs
        before, runs = runs, max(runs + 1, runs * 3 // 2)
    return None
