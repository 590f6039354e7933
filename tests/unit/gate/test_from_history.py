"""Limits drawn from earlier passes: which, from what, how, and when not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.unit.gate.made import run_figures, stock_pass
from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate import run_of
from upgrade_e2e.gate.from_history import (
    QUANTILE,
    asks_history,
    drawn_limits,
    drawn_sentence,
    limit_figures,
    limits_kept,
)
from upgrade_e2e.judge import Limits, Verdict

FILE = Path("nightly.sqlite")
KEYS = {row.key for row in Limits.default().table}
P99 = "dns.p99_s"


def history(*p99s, **changes):
    """Earlier runs with these percentiles of DNS."""
    return [run_of(stock_pass(figures={"p99_s": value}, **changes)) for value in p99s]


def drawn(*runs):
    """The limits for one more pass of that kind, by key."""
    limits = drawn_limits(run_of(stock_pass()), runs, FILE)
    return {row.key: row for row in limits.table}


def test_every_limit_is_drawn_or_kept_for_a_reason_and_none_is_both():
    kept = limits_kept()
    assert all(kept.values())
    for key in KEYS:
        ways = [key in limit_figures(), key in kept, key.partition(".")[0] in kept]
        assert ways.count(True) == 1, key
    groups = {key.partition(".")[0] for key in KEYS}
    assert set(limit_figures()) <= KEYS
    assert set(kept) <= KEYS | groups


def test_every_figure_that_limits_are_drawn_from_is_recorded():
    recorded = run_figures()
    for key, source in limit_figures().items():
        assert source.margin.source, key
        for kind in source.observers:
            assert (kind, source.metric) in recorded, key


def test_the_limit_is_the_quantile_and_the_margin_and_says_of_how_many_passes():
    values = [0.030, 0.050, 0.040, 0.020, 0.045]
    limit = drawn(*history(*values))[P99]
    margin = limit_figures()[P99].margin.at(max(values))
    assert limit.value == pytest.approx(max(values) + margin)
    assert "drawn from 5 passes of this kind" in limit.reason
    assert limit.overridden


def test_of_many_passes_a_rare_slow_one_does_not_decide():
    values = [0.030] * 29 + [9.0]
    limit = drawn(*history(*values))[P99]
    usual = float(np.quantile(values, QUANTILE, method="higher"))
    assert limit.value == pytest.approx(usual + limit_figures()[P99].margin.at(usual))
    assert limit.value < 1


def test_only_the_newest_thirty_count():
    assert drawn(*history(*[9.0] * 5, *[0.030] * 30))[P99].value < 1


def test_limits_that_are_kept_stay_at_their_defaults():
    for key, row in drawn(*history(*[0.03] * 5)).items():
        if key not in limit_figures():
            assert (row.value, row.reason) == (row.default, "")


def test_a_share_is_no_more_than_all():
    runs = [run_of(stock_pass(figures={"retried_failure_ratio": 0.99})) for _ in range(5)]
    shares = [row for row in drawn(*runs).values() if row.reason and row.key.endswith("_ratio")]
    assert shares
    assert all(row.value <= 1 for row in shares)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"verdict": Verdict.FAIL}, "1 that ended as FAIL"),
        ({"faults": ("x=1",)}, "1 with a planted fault"),
        ({"choices": {"fast-control-plane": "yes"}}, "1 differing in setting fast-control-plane"),
        ({"machine": "64 cores, 256 GiB"}, "1 on another machine"),
    ],
)
def test_fewer_than_five_are_refused_with_what_was_left_out(changes, why):
    runs = [*history(*[0.03] * 4), *history(0.03, **changes)]
    with pytest.raises(BadInput, match=f"needs 5 .* nightly.sqlite has 4 .left out: {why}"):
        drawn(*runs)


def test_before_there_is_a_cluster_it_is_taken_to_be_as_the_last_one():
    plain = dataclasses.replace(run_of(stock_pass()), facts=None)
    other = dataclasses.replace(stock_pass().facts, cni="calico")
    runs = [*history(*[9.0] * 5, facts=other), *history(*[0.03] * 5)]
    limits = drawn_limits(plain, runs, FILE)
    assert {row.key: row for row in limits.table}[P99].value < 1
    with pytest.raises(BadInput, match="5 differing in cni"):
        drawn_limits(plain, runs[:-1], FILE)


@pytest.mark.parametrize("changes", [{"p99_s": None}, {"p99_s": 5.0, "censored": True}])
def test_a_limit_that_one_pass_has_no_figure_for_is_not_drawn(changes):
    unknown = run_of(stock_pass(figures=changes))
    limits = drawn_limits(run_of(stock_pass()), [*history(*[0.03] * 5), unknown], FILE)
    assert {row.key: row.reason for row in limits.table}[P99] == ""
    said = drawn_sentence(limits)
    assert P99 in said.partition("not every pass has a figure for")[2]


def test_a_sentence_says_which_were_drawn():
    limits = drawn_limits(run_of(stock_pass()), history(*[0.03] * 5), FILE)
    assert P99 in drawn_sentence(limits).partition(";")[0]


@pytest.mark.parametrize(
    ("limits", "asks"),
    [(None, False), ("from-history", True), ("deep/from-history", True), ("x.toml", False)],
)
def test_the_word_asks_for_the_history(limits, asks):
    assert asks_history(limits and Path(limits)) is asks


def test_a_file_of_that_name_is_a_file(tmp_path):
    (tmp_path / "from-history").touch()
    assert not asks_history(tmp_path / "from-history")
