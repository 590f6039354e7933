"""Percentiles with censored latencies, against loops; and claims about lower bounds."""

from __future__ import annotations

import copy
import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import LowerBound, Quantile
from upgrade_e2e.judge.latency import CONFIDENCE, Latencies

from . import reference
from .made import PATIENT

microseconds = st.lists(st.integers(0, 50), max_size=40)
shares = st.sampled_from([0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0])


def latencies(exact, censored):
    return Latencies(np.array(exact, np.uint32), np.array(censored, np.uint32))


@PATIENT
@given(microseconds, microseconds, st.lists(shares, min_size=1, max_size=4))
def test_quantiles_are_nearest_ranks(exact, censored, asked):
    if not exact and not censored:
        return
    found = latencies(exact, censored).quantiles(*asked)
    for share, quantile in zip(asked, found, strict=True):
        value, may_be_longer = reference.quantile(exact, censored, share)
        assert quantile == Quantile(value / 1e6, may_be_longer)


@PATIENT
@given(microseconds, st.lists(st.integers(0, 50), min_size=1, max_size=40), shares)
def test_a_lower_bound_never_exceeds_the_truth(exact, hidden, share):
    censored = [true // 2 for true in hidden]
    bound = latencies(exact, censored).quantiles(share)[0]
    truth = latencies(exact + hidden, []).quantiles(share)[0]
    assert bound.value_s <= truth.value_s
    assert bound.censored or bound.value_s == truth.value_s


def chance_of_at_most(beyond: int, count: int, share: float) -> float:
    """That so many of these, or fewer, lie above the true percentile."""
    above = 1 - share
    return sum(
        math.comb(count, late) * above**late * share ** (count - late) for late in range(beyond + 1)
    )


@PATIENT
@given(st.integers(5, 300), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_percentile_is_proven_by_as_many_above_it_as_chance_does_not_explain(count, share):
    found = latencies(range(count), []).proven(share)
    beyond = count - 1 - round(found.value_s * 1e6)
    assert chance_of_at_most(beyond, count, share) >= CONFIDENCE - 1e-9
    if beyond:
        assert chance_of_at_most(beyond - 1, count, share) < CONFIDENCE + 1e-9


def test_a_proven_percentile_counts_timeouts_as_long_and_says_where_that_leaves_it_open():
    assert latencies([1] * 34, [30]).proven(0.99) == Quantile(1e-6, censored=False)
    assert latencies([1] * 33, [30, 30]).proven(0.99) == Quantile(30e-6, censored=True)


def test_nothing_is_proven_without_a_latency_nor_where_all_may_lie_above():
    with pytest.raises(Inconclusive, match="there is no latency"):
        latencies([], []).proven(0.99)
    with pytest.raises(Inconclusive, match="4 latencies prove nothing about the 50th percentile"):
        latencies([1, 2, 3, 4], []).proven(0.5)


def test_a_timeout_is_never_dropped():
    one_in_ten = latencies([1_000] * 90, [2_000_000] * 10)
    p50, p99 = one_in_ten.quantiles(0.5, 0.99)
    assert p50 == Quantile(0.001, censored=False)
    assert p99 == Quantile(2.0, censored=True)
    assert str(p99) == ">= 2 s"


def test_no_latency_is_inconclusive():
    with pytest.raises(Inconclusive, match="there is no latency"):
        latencies([], []).quantiles(0.99)


def test_a_lower_bound_breaks_a_limit_below_it():
    bound = LowerBound(2.0)
    assert not bound <= 0.1
    assert not bound < 2.0
    assert bound >= 2.0
    assert bound > 0.1


@pytest.mark.parametrize(
    ("compare", "limit"),
    [
        (operator.le, 5.0),
        (operator.lt, 5.0),
        (operator.ge, 5.0),
        (operator.gt, 2.0),
        (operator.le, 2.0),
    ],
)
def test_a_lower_bound_below_the_limit_is_inconclusive(compare, limit):
    with pytest.raises(Inconclusive, match="timeout above that"):
        compare(LowerBound(2.0), limit)


def test_a_limit_on_the_left_is_compared_alike():
    with pytest.raises(Inconclusive):
        assert max(5.0, LowerBound(2.0))
    assert max(0.1, LowerBound(2.0)) == 2.0


def test_a_lower_bound_never_passes_nan():
    nan = float("nan")
    with pytest.raises(Inconclusive):
        assert LowerBound(2.0) <= nan


def test_a_lower_bound_is_a_number_elsewhere():
    bound = LowerBound(2.0)
    assert f"{bound:.1f}" == "2.0"
    assert repr(bound) == ">=2.0"
    assert float(copy.deepcopy(bound)) == 2.0
