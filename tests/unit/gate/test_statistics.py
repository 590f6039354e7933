"""The interval of a difference: against SciPy, by its level, and by what must hold of any."""

import math

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from upgrade_e2e.gate.statistics import interval, welch_reach

VALUES = st.lists(st.integers(0, 300).map(lambda tenth: tenth / 10), min_size=2, max_size=9).map(
    np.array
)
REPEATS = 4000


def too_short(rng, draw, new=5, old=7):
    """How often the upper end is below the true difference, which is none."""
    candidate, baseline = draw(rng, (REPEATS, new)), draw(rng, (REPEATS, old))
    reach = welch_reach(candidate, baseline, 0.95)
    return np.mean(candidate.mean(axis=1) - baseline.mean(axis=1) + reach < 0)


@pytest.mark.filterwarnings("ignore:Precision loss")  # SciPy's, where one side is all the same
@settings(deadline=None)
@given(VALUES, VALUES)
def test_it_is_the_interval_of_welchs_test(new, old):
    low, high = interval(new, old, 0.95)
    if max(np.ptp(new), np.ptp(old)) > 1e-3:
        known = scipy.stats.ttest_ind(new, old, equal_var=False).confidence_interval(0.95)
        assert (low, high) == pytest.approx((known.low, known.high), rel=1e-6, abs=1e-9)
    assert low <= new.mean() - old.mean() <= high


@settings(deadline=None)
@given(VALUES, VALUES, st.floats(-5, 5))
def test_a_shift_of_the_candidates_shifts_it_and_the_sides_can_be_swapped(new, old, shift):
    low, high = interval(new, old, 0.95)
    assert interval(new + shift, old, 0.95) == pytest.approx((low + shift, high + shift), abs=1e-6)
    assert interval(old, new, 0.95) == pytest.approx((-high, -low), abs=1e-6)
    assert interval(new, old, 0.99)[1] >= high - 1e-12


def test_one_value_says_nothing_of_its_spread_unless_all_are_the_same():
    assert interval(np.array([1.0]), np.array([0.0, 0.5]), 0.95) == (-math.inf, math.inf)
    assert interval(np.array([1.0]), np.zeros(5), 0.95) == (1.0, 1.0)


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, size: rng.normal(10, 1, size),
        lambda rng, size: rng.uniform(0, 1, size),
        lambda rng, size: rng.lognormal(0, 0.65, size),
        lambda rng, size: rng.poisson(1.2, size).astype(float),
    ],
    ids=["normal", "uniform", "lognormal", "counts"],
)
def test_five_against_seven_it_holds_its_level(draw):
    share = too_short(np.random.default_rng(2), draw)
    # 2.5 % is promised; of 4000 pairs three standard errors more are 3.2 %.
    assert 0.003 <= share <= 0.035


def test_a_wider_spread_on_the_smaller_side_does_not_break_it():
    rng = np.random.default_rng(3)
    candidate, baseline = rng.normal(0, 3, (REPEATS, 5)), rng.normal(0, 1, (REPEATS, 20))
    reach = welch_reach(candidate, baseline, 0.95)
    below = np.mean(candidate.mean(axis=1) - baseline.mean(axis=1) + reach < 0)
    assert below <= 0.035
