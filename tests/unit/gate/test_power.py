"""What the gate says it could have seen, held against what it does see."""

import numpy as np
import pytest

from tests.unit.gate.made import runs
from upgrade_e2e.gate import GateSettings, State
from upgrade_e2e.gate.comparison import compare
from upgrade_e2e.gate.power import MOST_RUNS, sensitivity

SETTINGS = GateSettings()


def row_of(new, old):
    """The comparison of the longest silence."""
    rows = compare(runs(new), runs(old), SETTINGS)
    return next(row for row in rows if row.metric == "longest_silence_s")


def noisy(count, seed=1, spread=1.0):
    """Silences around 10 s, exactly `spread` apart."""
    values = np.random.default_rng(seed).normal(0, 1, count)
    return 10 + spread * (values - values.mean()) / values.std()


def test_three_a_side_could_have_seen_nothing_in_ten_metrics():
    row = row_of(noisy(3), noisy(3, 2))
    assert sensitivity(row, 10, SETTINGS).smallest is None
    assert sensitivity(row, 1, SETTINGS).smallest is not None, "1 of 20 splits is still 0.05"


def test_more_runs_see_smaller_differences_and_more_metrics_larger_ones():
    five, ten, twenty = (
        sensitivity(row_of(noisy(n), noisy(n, 2)), 4, SETTINGS).smallest for n in (5, 10, 20)
    )
    assert five > ten > twenty
    many = sensitivity(row_of(noisy(10), noisy(10, 2)), 40, SETTINGS).smallest
    assert many > ten


def test_what_could_have_been_seen_is_seen_in_about_four_of_five_pairs():
    row = row_of(noisy(10), noisy(10, 2))
    smallest = sensitivity(row, 1, SETTINGS).smallest
    rng = np.random.default_rng(11)
    seen = 0
    for _ in range(100):
        new, old = rng.normal(10 + smallest, 1, 10), rng.normal(10, 1, 10)
        seen += row_of(new, old).state is State.WORSE
    assert 65 <= seen <= 97


def test_runs_needed_are_enough_to_tell():
    row = row_of(noisy(5, spread=3.0), noisy(20, 2, spread=3.0))  # margin 2
    assert row.state is State.CANNOT_TELL
    found = sensitivity(row, 4, SETTINGS)
    assert 5 < found.runs_needed <= MOST_RUNS
    rng = np.random.default_rng(5)
    old = 20 if not found.both_sides else found.runs_needed
    told = sum(
        row_of(rng.normal(10, 3, found.runs_needed), rng.normal(10, 3, old)).state
        is State.NOT_WORSE
        for _ in range(60)
    )
    assert told >= 36


def test_noise_far_beyond_the_margin_needs_more_runs_than_anyone_makes():
    row = row_of(noisy(5, spread=40.0), noisy(5, 2, spread=40.0))
    found = sensitivity(row, 4, SETTINGS)
    assert found.runs_needed is None


def test_quiet_metrics_would_have_shown_anything_above_the_margin():
    row = row_of([0.0] * 5, [0.0] * 8)
    assert sensitivity(row, 4, SETTINGS).smallest == pytest.approx(row.margin, rel=0.02)


def test_a_side_without_values_asks_for_the_fewest_runs_of_all():
    row = row_of([0.0] * 5, [])
    assert sensitivity(row, 1, SETTINGS).runs_needed == SETTINGS.min_runs
