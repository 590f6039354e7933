"""Figures of readings: counters across restarts, quantiles of histograms, nothing of nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.judge.made import steady, to_timeline
from tests.unit.judge.readings import counted, series
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import view_of
from upgrade_e2e.judge.reading_figures import (
    increase,
    largest,
    latest,
    quantile_of_buckets,
    rate,
)
from upgrade_e2e.timeline import Readings, Timeline


def test_a_counter_that_starts_again_counts_on() -> None:
    assert increase(counted("changes", 5, 6, 0, 1, 3)) == 1 + 0 + 3
    assert increase([counted("changes", 1, 2), counted("changes", 1, 4, node="cp2")]) == 4
    assert rate(counted("failed", 0, 10, 4)) == 7.0


def test_the_last_and_the_largest_value() -> None:
    both = (counted("size", 1, 9, 2), series("size", (5_000_000, 3.0), node="cp2"))
    assert latest(both) == 3.0
    assert largest(both) == 9.0


def buckets(*counts: tuple[str, float]) -> list:
    """A histogram that counted nothing before, and then so many up to each bound."""
    return [counted("fsync_bucket", 0, count, le=bound) for bound, count in counts]


def test_a_quantile_lies_evenly_inside_of_its_bucket() -> None:
    some = buckets(("0.1", 50), ("0.2", 90), ("+Inf", 100))
    assert quantile_of_buckets(0.5, some) == pytest.approx(0.1)
    assert quantile_of_buckets(0.7, some) == pytest.approx(0.15)
    assert quantile_of_buckets(0.25, some) == pytest.approx(0.05)


def test_a_quantile_above_all_bounds_holds_for_no_limit() -> None:
    assert quantile_of_buckets(0.99, buckets(("0.1", 90), ("+Inf", 100))) == math.inf


def test_histograms_of_several_members_are_added_up() -> None:
    one, other = buckets(("1", 99), ("+Inf", 99)), buckets(("1", 0), ("+Inf", 1))
    assert quantile_of_buckets(0.99, [*one, *other]) == pytest.approx(1.0)
    assert quantile_of_buckets(0.995, [*one, *other]) == math.inf


@given(
    st.lists(st.floats(0.001, 9.0), min_size=1, max_size=200),
    st.floats(0.01, 1.0),
)
def test_a_quantile_is_in_the_bucket_of_the_true_one(values: list[float], q: float) -> None:
    bounds = [0.01, 0.1, 1.0, 10.0]
    counts = [float((np.array(values) <= bound).sum()) for bound in bounds]
    some = buckets(*((str(bound), count) for bound, count in zip(bounds, counts, strict=True)))
    true = float(np.quantile(values, q, method="inverted_cdf"))
    found = quantile_of_buckets(q, some)
    upper = min(bound for bound in bounds if bound >= true)
    assert upper / 10 - 0.01 <= found <= upper + 1e-9


@pytest.mark.parametrize("figure", [increase, rate, latest, largest])
def test_of_nothing_no_figure_is_known(figure) -> None:
    for nothing in ((), (series("m"),)):
        with pytest.raises(Inconclusive, match="nothing was read"):
            figure(nothing)


def test_what_was_never_counted_has_no_quantile_and_no_rate() -> None:
    with pytest.raises(Inconclusive, match="counted nothing"):
        quantile_of_buckets(0.99, buckets(("1", 0), ("+Inf", 0)))
    with pytest.raises(Inconclusive, match="two readings"):
        rate(counted("failed", 3))


def seen_with(*some):
    """A view of ten seconds with two nodes, in which these series were read."""
    lines = [steady(name=f"scrape@{node}", node=node) for node in ("cp", "cp2")]
    made = to_timeline(lines, 0, 10_000_000)
    timeline = Timeline(made.watched, made.spans, made.samples, {"web": Readings(some)})
    return view_of(timeline, "web")


def test_a_view_has_the_readings_of_its_nodes_and_streams() -> None:
    mine = counted("m", 1, 2, node="cp")
    others = (counted("m", 5, node="cp2"), series("m", (0, 1.0), stream="other"))
    everywhere = series("hash", (10_000_000, 7.0), node="", stream="")
    seen = seen_with(mine, *others, everywhere)
    assert [len(one) for one in seen.readings.of("m")] == [2, 1]
    assert seen.on("cp").readings.of("m", node="cp")[0].value.tolist() == [1, 2]
    assert seen.on("cp").readings.of("m", node="cp2") == ()
    assert len(seen.on("cp").readings.of("hash")) == 1


def test_what_came_outside_of_the_watched_window_is_not_seen() -> None:
    late = series("m", (-1, 1.0), (0, 2.0), (10_000_000, 3.0), (10_000_002, 4.0))
    assert seen_with(late).readings.of("m")[0].value.tolist() == [2.0, 3.0]


def test_a_pass_without_readings_makes_claims_about_them_inconclusive() -> None:
    with pytest.raises(Inconclusive, match="read no numbers"):
        _ = seen_with().readings
