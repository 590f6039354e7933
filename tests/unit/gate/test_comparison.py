"""The statistics of the gate against brute force and known cases."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.gate.made import observer, record, run, runs
from upgrade_e2e.gate import GateSettings, Margin, State, run_of
from upgrade_e2e.gate.comparison import compare
from upgrade_e2e.gate.settings import default_margins
from upgrade_e2e.gate.statistics import holm, worse_p

QUICK = GateSettings()
P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)


def row_of(candidate, baseline, metric="longest_silence_s", choices=QUICK):
    """The comparison of one metric."""
    rows = compare(runs(candidate, metric), runs(baseline, metric), choices)
    return next(row for row in rows if row.metric == metric)


@settings(deadline=None)
@given(P_VALUES)
def test_holm_is_the_shortcut_of_closed_testing(p_values):
    indices = range(len(p_values))
    subsets = [s for n in range(1, len(p_values) + 1) for s in itertools.combinations(indices, n)]
    expected = [
        max(min(1.0, len(s) * min(p_values[j] for j in s)) for s in subsets if i in s)
        for i in indices
    ]
    assert holm(p_values) == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
)
def test_p_with_ties_is_that_of_all_permutations(new, old):
    def wins(one, other):
        return sum((a > b) + (a == b) / 2 for a in one for b in other)

    both = new + old
    splits = list(itertools.combinations(range(len(both)), len(new)))
    as_large = sum(
        wins([both[i] for i in s], [both[i] for i in range(len(both)) if i not in s])
        >= wins(new, old) - 1e-9
        for s in splits
    )
    found = worse_p(np.array(new, float), np.array(old, float), np.random.default_rng(1))
    if len(set(both)) == 1:
        assert found == 1.0
    else:
        assert found == pytest.approx(as_large / len(splits))


def test_p_of_sides_that_do_not_overlap_is_one_over_all_splits():
    rng = np.random.default_rng(1)
    assert worse_p(np.arange(5.0) + 9, np.arange(5.0), rng) == pytest.approx(1 / 252)
    assert worse_p(np.full(5, 2.0), np.zeros(5), rng) == pytest.approx(1 / math.comb(10, 5))


def test_a_longer_silence_is_worse_and_says_by_how_much():
    row = row_of([2.0, 2.1, 2.0, 2.3, 1.9], [0.0, 0.1, 0.0, 0.0, 0.2])
    assert row.state is State.WORSE
    assert row.difference == pytest.approx(2.0)
    assert row.low < 2.0 < row.high
    assert row.p_adjusted == pytest.approx(1 / 252)


def test_the_same_is_not_worse():
    values = [3.0, 3.2, 2.9, 3.4, 3.1]
    row = row_of(values, values)
    assert row.state is State.NOT_WORSE
    assert row.p_value is None, "runs that differ by less than the margin leave nothing to test"


def test_better_is_not_worse():
    assert row_of([0.0] * 5, [3.0, 3.2, 2.9, 3.4, 3.1]).state is State.NOT_WORSE


def test_certainly_larger_but_within_the_margin_is_not_worse():
    old = [50.0, 51.0, 52.0, 53.0, 54.0, 55.0]
    row = row_of([value + 6.2 for value in old], old)  # the margin is a fifth of 52.5
    assert row.p_adjusted < 0.05
    assert row.state is State.NOT_WORSE


def test_few_runs_cannot_approve_however_alike():
    assert row_of([0.0] * 4, [0.0] * 9).state is State.CANNOT_TELL
    assert row_of([0.0] * 9, [0.0] * 4).state is State.CANNOT_TELL
    assert row_of([0.0] * 5, [0.0] * 5).state is State.NOT_WORSE


def test_one_run_says_nothing_of_its_spread():
    row = row_of([3.0], [0.0, 0.5, 1.0, 0.2, 0.3])
    assert row.state is State.CANNOT_TELL
    assert (row.low, row.high) == (-math.inf, math.inf)


def test_noise_wider_than_the_margin_cannot_tell():
    row = row_of([0.0, 4.0, 1.0, 6.0, 2.0], [1.0, 5.0, 0.0, 3.0, 2.0])
    assert row.state is State.CANNOT_TELL
    assert row.high > row.margin


def test_a_metric_that_a_run_lacks_cannot_tell():
    candidates = (*runs([0.0] * 5), run({"longest_silence_s": None}))
    rows = compare(candidates, runs([0.0] * 6), QUICK)
    states = {row.metric: (row.state, row.missing) for row in rows}
    assert states["longest_silence_s"] == (State.CANNOT_TELL, 1)
    assert states["failure_ratio"] == (State.NOT_WORSE, 0)


def test_an_observer_that_only_one_side_has_cannot_tell():
    rows = compare(runs([0.0] * 5), runs([0.0] * 5, observer="web"), QUICK)
    assert {row.observer for row in rows} == {"dns", "web"}
    assert {row.state for row in rows} == {State.CANNOT_TELL}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_never_pass(value):
    odd = [run_of(record(observers=(observer(longest_silence_s=value),))) for _ in range(5)]
    fine = [run_of(record()) for _ in range(5)]
    for new, old in ((odd, fine), (fine, odd), (odd, odd)):
        (row,) = [r for r in compare(new, old, QUICK) if r.metric == "longest_silence_s"] or [None]
        assert row is None or row.state is State.CANNOT_TELL


def test_censored_values_are_told():
    gave_up = observer(p50_s=2.0, censored=True, failures=20_000)
    new = [run_of(record(observers=(gave_up,))) for _ in range(5)]
    rows = compare(new, [run_of(record()) for _ in range(5)], QUICK)
    assert {row.metric for row in rows if row.censored} == {"p50_s"}
    assert next(row for row in rows if row.metric == "p50_s").state is State.WORSE


def test_a_median_is_no_bound_where_fewer_than_half_of_the_probes_gave_up():
    made = run_of(record(observers=(observer(censored=True, failures=13_000),)))
    assert not made.figure("dns", "p50_s").censored
    assert made.figure("dns", "p99_s").censored


def test_holm_counts_only_metrics_that_vary():
    # Ten observers, of which one varies: its p-value must not pay for the nine that cannot.
    quiet = [figure for i in range(9) for figure in run(observer=f"quiet{i}").figures]

    def side(first):
        loud = runs([first + i / 10 for i in range(5)])
        return [dataclasses.replace(one, figures=(*one.figures, *quiet)) for one in loud]

    rows = compare(side(2.0), side(0.0), QUICK)
    assert len(rows) == 40
    (tested,) = [row for row in rows if row.p_value is not None]
    assert tested.name == "dns longest_silence_s"
    assert tested.p_adjusted == pytest.approx(1 / 252)


def test_the_same_runs_give_the_same_numbers():
    rng = np.random.default_rng(3)
    new, old = runs(rng.gamma(2, 1, 6)), runs(rng.gamma(2, 1, 8))
    assert compare(new, old, QUICK) == compare(new, old, QUICK)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 30), min_size=5, max_size=8),
    st.lists(st.floats(0, 30), min_size=5, max_size=8),
    st.floats(0, 5),
)
def test_the_states_agree_with_their_definitions(new, old, absolute):
    choices = GateSettings(
        margins={**default_margins(), "longest_silence_s": Margin(absolute, 0.2)}
    )
    row = row_of(new, old, choices=choices)
    assert row.low <= row.high
    if row.state is State.WORSE:
        assert row.difference > row.margin
        assert row.p_adjusted <= choices.alpha
    elif row.state is State.NOT_WORSE:
        assert row.high <= row.margin
    if np.mean(new) <= np.mean(old):
        assert row.state is not State.WORSE
