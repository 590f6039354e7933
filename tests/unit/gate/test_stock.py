"""Stock costs: what they are made of, how they are kept, and what a pass is next to them."""

from __future__ import annotations

import dataclasses
import re
import tomllib

import pytest

from tests.unit.gate.made import DIGESTS, MACHINE, observer, stock_pass
from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate import run_of
from upgrade_e2e.gate.stock import (
    StockProfile,
    load_stock,
    shipped_stock,
    stock_cost,
    stock_text,
    weigh,
    weigh_again,
)
from upgrade_e2e.gate.stock.metrics import cost_metrics
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ApiCost, CostMark, FailedStep, Spread

ELSEWHERE = "8 cores, 32 GiB"
AWAY = ("api_away_s", "api_longest_away_s", "longest_without_news_s")
LATER = ("v1.33.14", "v1.34.5")


def placed(*records):
    """Records with made-up folders."""
    return [(f"pass{number}", made) for number, made in enumerate(records, start=1)]


def series(*downtimes, **changes):
    """Stock passes with these downtimes of DNS."""
    return [stock_pass(figures={"downtime_s": value}, **changes) for value in downtimes]


def profile(*records):
    """The profile that these passes make."""
    return StockProfile((stock_cost(placed(*records)),))


def row(cost, metric="downtime_s", name="dns"):
    """One row of a comparison."""
    return next(one for one in cost.rows if (one.observer, one.metric) == (name, metric))


USUAL = series(2.0, 3.0, 4.0)


def test_a_cost_has_count_smallest_median_and_largest():
    made = stock_cost(placed(*series(2.0, 5.0, 3.0)))
    assert (made.passes, made.broken, made.machine) == (3, 0, MACHINE)
    assert made.images == DIGESTS
    assert made.nodes == "1 control plane(s), 2 worker(s)"
    assert made.figures["dns"]["downtime_s"] == Spread(3, 2.0, 3.0, 5.0)
    assert made.figures["pass"]["duration_s"] == Spread(3, 400.0, 400.0, 400.0)


def test_a_figure_that_one_pass_lacks_is_in_no_cost():
    older = stock_pass(figures={"longest_silence_s": None})
    assert "longest_silence_s" not in stock_cost(placed(older, stock_pass())).figures["dns"]


def test_passes_whose_claims_broke_are_counted():
    made = stock_cost(placed(stock_pass(), stock_pass(verdict=Verdict.FAIL)))
    assert (made.passes, made.broken) == (2, 1)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"faults": ("coredns-replicas=1",)}, "coredns-replicas=1 was planted"),
        ({"verdict": Verdict.INCONCLUSIVE, "reason": "blind"}, "INCONCLUSIVE .blind."),
        ({"failed_step": FailedStep("drain worker", "x")}, "'drain worker' failed"),
        ({"machine": ""}, "on what machine"),
        ({"image_digests": {}}, "which images its nodes had"),
        ({"image_digests": {"v1.33.13": "sha256:1"}}, "which images its nodes had"),
    ],
)
def test_what_is_no_stock_pass_is_refused_with_its_folder(changes, why):
    with pytest.raises(BadInput, match=f"pass2 cannot be part.*{why}"):
        stock_cost(placed(stock_pass(), stock_pass(**changes)))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"path": LATER, "image_digests": dict.fromkeys(LATER, "sha256:1")}, "path"),
        ({"choices": {"fast-control-plane": "yes"}}, "setting fast-control-plane"),
        ({"machine": ELSEWHERE}, "machine"),
        ({"image_digests": {**DIGESTS, "v1.34.4": "sha256:other"}}, "images of their nodes"),
        ({"observers_as_written": {"dns": "DnsLookups(rate_hz=9)"}}, "observers"),
        ({"provider": "sim", "simulated": True}, "provider"),
    ],
)
def test_passes_of_two_kinds_are_refused(changes, what):
    with pytest.raises(BadInput, match=f"pass1 and pass2 are not of one kind.*{what}"):
        stock_cost(placed(stock_pass(), stock_pass(**changes)))


def test_one_pass_counts_once():
    made = stock_pass()
    with pytest.raises(BadInput, match="pass2 and pass1 are the same pass"):
        stock_cost(placed(made, made))


def test_images_that_are_not_of_nodes_need_not_be_the_same():
    other = stock_pass(image_digests={**DIGESTS, "agent": "sha256:later"})
    assert stock_cost(placed(stock_pass(), other)).images == DIGESTS


def test_what_is_written_is_read_again(tmp_path):
    costs = (
        stock_cost(placed(*USUAL)),
        stock_cost(placed(*series(1 / 3, choices={"a b": 'say "x"'}, facts=stock_pass().facts))),
        stock_cost(placed(stock_pass(provider="sim", simulated=True, image_digests={}))),
    )
    file = tmp_path / "stock.toml"
    file.write_text(stock_text(costs))
    read = load_stock(file).costs
    assert [dataclasses.replace(one, figures={}) for one in read] == [
        dataclasses.replace(one, figures={}) for one in costs
    ]
    assert read[0].figures == costs[0].figures
    assert read[1].figures["dns"]["downtime_s"].median == pytest.approx(1 / 3, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("format = 2", "has format 2, this version reads 1"),
        ("", "has format None"),
        ("format = ", "is not TOML"),
        ("format = 1\n[[stock]]\npath = 3", "stock.0.path"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, text, why):
    file = tmp_path / "stock.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=why):
        load_stock(file)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("largest", "nan", "figures.* must be finite"),
        ("largest", "inf", "figures.* must be finite"),
        ("smallest", "nan", "figures.* must be finite"),
        ("smallest", "-1.0", "0 or more"),
        ("largest", "0.0", "none less than the one before"),
        ("passes", "0", "stock.0.passes: 0 passes are none"),
    ],
)
def test_figures_that_no_pass_can_give_are_refused(tmp_path, field, value, why):
    """Next to a figure that is not a number, nothing would ever be called worse."""
    text = stock_text([stock_cost(placed(*USUAL))])
    file = tmp_path / "stock.toml"
    file.write_text(re.sub(rf"\b{field} = [0-9.e-]+", f"{field} = {value}", text))
    with pytest.raises(BadInput, match=why):
        load_stock(file)


def test_a_missing_file_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(BadInput, match="upgrade-e2e calibrate --output"):
        load_stock(tmp_path / "none.toml")


def test_what_is_shipped_is_real_and_can_be_read():
    assert load_stock(None) == shipped_stock()
    assert not any(cost.simulated for cost in shipped_stock().costs)
    assert all(cost.machine and cost.images for cost in shipped_stock().costs)


def test_every_metric_has_words_a_margin_and_its_reason():
    for metric in cost_metrics():
        assert metric.title
        assert metric.observers
        assert metric.margin.source
        assert metric.margin.at(0.0) > 0


@pytest.mark.parametrize(
    ("downtime_s", "mark"),
    [
        (0.7, CostMark.BETTER),  # the smallest is 2 s, and 30 % of the largest are 1.2 s
        (0.81, CostMark.USUAL),
        (3.0, CostMark.USUAL),
        (5.19, CostMark.USUAL),
        (5.3, CostMark.WORSE),
    ],
)
def test_a_mark_needs_more_than_the_margin(downtime_s, mark):
    cost = weigh(series(downtime_s)[0], profile(*USUAL))
    assert row(cost).mark is mark
    assert (cost.marked_by, cost.stock_title) == ("stock", "stock")
    assert row(cost).stock == Spread(3, 2.0, 3.0, 4.0)
    assert "3 stock passes of v1.33 -> v1.34 on 2 cores, 24 GiB" in cost.stock


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"machine": ELSEWHERE}, "stock (another machine)"),
        ({"machine": ""}, "stock (another machine)"),
        ({"image_digests": {**DIGESTS, "v1.34.4": "x"}}, "stock (other node images)"),
        ({"image_digests": {}}, "stock (other node images)"),
        ({"path": LATER, "image_digests": dict.fromkeys(LATER, "x")}, "stock (other node images)"),
    ],
)
def test_elsewhere_the_stock_cost_is_shown_and_gives_no_mark(changes, title):
    cost = weigh(series(99.0, **changes)[0], profile(*USUAL))
    assert cost.stock_title == title
    assert row(cost).stock == Spread(3, 2.0, 3.0, 4.0)
    assert {one.mark for one in cost.rows} == {None}
    assert (cost.marked_by, "nothing is called worse" in cost.stock) == ("", True)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"path": ("v1.32.1", "v1.33.13")}, "There are no stock passes of v1.32 -> v1.33 to"),
        (
            {"choices": {"fast-control-plane": "yes"}},
            "setting fast-control-plane (not set there, yes here).",
        ),
        (
            {"inventory": None, "facts": dataclasses.replace(stock_pass().facts, cni="x")},
            "differ in cni (",
        ),
        (
            {"provider": "sim", "simulated": True},
            "differ in provider (kind there, sim (SIMULATED) here).",
        ),
    ],
)
def test_another_kind_of_pass_has_no_stock_cost(changes, why):
    cost = weigh(stock_pass(**changes), profile(*USUAL))
    assert cost.stock.startswith("There are no stock passes ")
    assert "`upgrade-e2e calibrate` makes some" in cost.stock
    assert why in cost.stock
    assert {(one.stock, one.mark) for one in cost.rows} == {(None, None)}


def test_of_several_stock_costs_that_of_the_same_images_and_machine_counts():
    far, near = series(1.0, machine=ELSEWHERE), series(3.0)
    both = StockProfile(tuple(stock_cost(placed(*passes)) for passes in (far, near)))
    assert row(weigh(series(9.0)[0], both)).stock.median == 3.0
    assert row(weigh(series(9.0, machine=ELSEWHERE)[0], both)).stock.median == 1.0


def test_an_observer_that_is_written_otherwise_is_not_compared():
    other = stock_pass(observers_as_written={"dns": "DnsLookups(rate_hz=500)"})
    cost = weigh(other, profile(*USUAL))
    assert row(cost).mark is None
    assert row(cost, "duration_s", "pass").mark is CostMark.USUAL


def test_a_planted_fault_is_compared_like_any_pass():
    hurt = stock_pass(faults=("x=1",), choices={"fault x": "1"}, figures={"downtime_s": 20.0})
    assert row(weigh(hurt, profile(*USUAL))).mark is CostMark.WORSE


def test_simulated_passes_are_compared_with_one_another():
    simulated = {"provider": "sim", "simulated": True, "image_digests": {}}
    known = profile(*series(2.0, 3.0, **simulated))
    cost = weigh(series(9.0, **simulated)[0], known)
    assert row(cost).mark is CostMark.WORSE
    assert "SIMULATED" in cost.stock


def test_simulated_clusters_are_alike_on_whatever_loopback_network():
    simulated = {"provider": "sim", "simulated": True, "image_digests": {}}
    other = dataclasses.replace(stock_pass().facts, config_digest="sha256:other")
    made = stock_cost(placed(stock_pass(**simulated), stock_pass(**simulated, facts=other)))
    assert made.passes == 2
    with pytest.raises(BadInput, match="config digest"):
        stock_cost(placed(stock_pass(), stock_pass(facts=other)))


@pytest.mark.parametrize(
    "changes", [{"failed_step": FailedStep("drain worker", "x")}, {"observers": ()}]
)
def test_a_pass_that_did_not_come_to_its_end_has_no_cost(changes):
    assert weigh(stock_pass(**changes), profile(*USUAL)) is None


def history(count, **changes):
    """Runs as a history has them, with a downtime of 1 s."""
    return [run_of(one) for one in series(*[1.0] * count, **changes)]


def test_the_history_marks_where_no_stock_cost_may():
    cost = weigh(series(9.0)[0], StockProfile(), history(5))
    assert (cost.marked_by, row(cost).mark) == ("your history", CostMark.WORSE)
    assert cost.history == "Your history has 5 earlier passes of this kind."
    assert row(cost).history == Spread(5, 1.0, 1.0, 1.0)


def test_stock_goes_before_the_history():
    cost = weigh(series(5.0)[0], profile(*USUAL), history(5))
    assert (cost.marked_by, row(cost).mark) == ("stock", CostMark.USUAL)
    assert row(cost).history.median == 1.0


@pytest.mark.parametrize(
    "earlier",
    [
        history(4),
        history(4) + history(1, machine=""),
        history(4) + history(1, image_digests={}),
    ],
)
def test_a_short_or_partly_unknown_history_is_shown_and_gives_no_mark(earlier):
    cost = weigh(series(9.0)[0], StockProfile(), earlier)
    assert (row(cost).history.passes, row(cost).mark) == (len(earlier), None)


def test_the_history_is_of_the_same_kind_and_says_what_is_not():
    others = [
        *history(1, verdict=Verdict.FAIL),
        *history(2, faults=("x=1",)),
        *history(1, machine=ELSEWHERE),
        *history(1, choices={"fast-control-plane": "yes"}),
    ]
    cost = weigh(series(9.0)[0], StockProfile(), [*others, *history(1)])
    assert row(cost).history.passes == 1
    for part in (
        "1 earlier pass of this kind",
        "2 with a planted fault",
        "1 that ended as FAIL",
        f"1 on another machine ({ELSEWHERE})",
        "1 differing in setting fast-control-plane",
    ):
        assert part in cost.history


def test_a_pass_is_not_its_own_history():
    mine = series(9.0)[0]
    cost = weigh(mine, StockProfile(), [run_of(mine)])
    assert cost.history == "Your history has no earlier pass of this kind."


def test_no_history_was_named_and_nothing_is_said_of_one():
    assert weigh(stock_pass(), StockProfile()).history == ""


def test_judged_again_the_new_figures_are_marked_by_what_was_known():
    before = weigh(series(3.0)[0], profile(*USUAL), history(5))
    again = weigh_again(series(9.0)[0], before)
    assert (row(again).value, row(again).mark) == (9.0, CostMark.WORSE)
    assert row(again).stock == row(before).stock
    assert row(again).history == row(before).history
    assert again.stock == before.stock
    assert weigh_again(series(9.0)[0], None) is None


def test_how_long_the_api_was_away_is_compared():
    def away(away_s, longest_s, without_s):
        return stock_pass(api_cost=ApiCost(away_s, longest_s, 2, {"worker": without_s, "b": 1.0}))

    known = profile(away(120.0, 60.0, 90.0), away(130.0, 70.0, 80.0))
    cost = weigh(away(200.0, 71.0, 20.0), known)
    marks = [row(cost, name, "pass").mark for name in AWAY]
    assert marks == [CostMark.WORSE, CostMark.USUAL, CostMark.BETTER]
    assert row(cost, AWAY[2], "pass").stock == Spread(2, 80.0, 85.0, 90.0)


def test_observers_come_in_order_and_the_pass_first():
    names = ("web", "dns")
    made = stock_pass(observers=tuple(observer(name) for name in names))
    found = [one.observer for one in weigh(made, StockProfile()).rows]
    assert list(dict.fromkeys(found)) == ["pass", "dns", "web"]


def test_the_file_is_meant_to_be_read(tmp_path):
    text = stock_text([stock_cost(placed(*USUAL))])
    assert "downtime_s = { passes = 3, smallest = 2.0, median = 3.0, largest = 4.0 }" in text
    assert tomllib.loads(text)["stock"][0]["path"] == ["v1.33.13", "v1.34.4"]
