"""What passes are compared with, and held to, is read before the first of them begins."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.unit.gate.made import stock_pass
from upgrade_e2e.errors import BadInput, DamagedRecord
from upgrade_e2e.gate import run_of
from upgrade_e2e.gate.history import History
from upgrade_e2e.gate.stock import shipped_stock, stock_cost, stock_text
from upgrade_e2e.judge import Limits
from upgrade_e2e.report import load_record, save_record
from upgrade_e2e.run import RunRequest
from upgrade_e2e.run.machines import machine_class, rounded_gib
from upgrade_e2e.run.rejudged import limits_to_rejudge

P99 = "dns.p99_s"
FROM_HISTORY = Path("from-history")
ASKED = {"provider": "sim", "path": ("v1.33.13,v1.34.4",)}


def simulated(**changes):
    """A pass as the plain simulated one here would be."""
    plan = RunRequest.of(ASKED).plans[0]
    usual = {
        "provider": "sim",
        "simulated": True,
        "choices": plan.choices,
        "image_digests": {},
        "machine": machine_class(),
    }
    return stock_pass(**{**usual, **changes})


@pytest.fixture
def history(tmp_path):
    """A history with five such passes."""
    return kept(tmp_path / "nightly.sqlite", *(simulated() for _ in range(5)))


def kept(file, *records):
    """A history with these."""
    with History.writing(file) as opened:
        opened.add(map(run_of, records))
    return file


def reason(limits, key=P99):
    """Why a limit is what it is."""
    return next(row.reason for row in limits.table if row.key == key)


def request(**more):
    """The request for one more such pass."""
    return RunRequest.of({**ASKED, **more})


def test_without_anything_the_shipped_costs_are_the_reference():
    made = request()
    assert made.reference.stock == shipped_stock()
    assert made.reference.history is None
    assert made.limits == Limits.default()


def test_a_file_of_stock_costs_takes_the_place_of_the_shipped_ones(tmp_path):
    cost = stock_cost([(tmp_path, simulated())])
    file = tmp_path / "stock.toml"
    file.write_text(stock_text([cost]))
    assert request(stock=file).reference.stock.costs == (cost,)
    found = request(stock=file).reference.weigh(simulated())
    assert found.marked_by == "stock"


def test_a_missing_file_of_stock_costs_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(BadInput, match="upgrade-e2e calibrate"):
        request(stock=tmp_path / "none.toml")


def test_earlier_passes_of_the_path_come_from_the_history(history):
    kept(history, simulated(path=("v1.34.4", "v1.35.4")))
    made = request(history=history)
    assert len(made.reference.history) == 5
    assert made.reference.weigh(simulated()).history.startswith("Your history has 5 earlier")


def test_a_history_that_is_yet_to_be_made_has_no_passes(tmp_path):
    made = request(history=tmp_path / "first.sqlite")
    assert made.reference.history == ()
    assert "no earlier pass" in made.reference.weigh(simulated()).history


def test_a_file_that_is_no_history_is_refused(tmp_path):
    (tmp_path / "x").write_text("x" * 5000)
    with pytest.raises(DamagedRecord):
        request(history=tmp_path / "x")


def test_limits_are_drawn_from_the_history_and_it_is_said(history):
    made = request(history=history, limits=FROM_HISTORY)
    assert "drawn from 5 passes" in reason(made.limits)
    assert any(P99 in sentence for sentence in made.sentences)


def test_a_fault_is_held_to_what_passes_without_it_gave(history):
    made = request(history=history, limits=FROM_HISTORY, fault=("coredns-replicas=1",))
    assert "drawn from 5 passes" in reason(made.limits)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "name its file with --history"),
        ({"workers": 3}, "0 .left out: 5 differing in nodes"),
        ({"watch-after": 9.0}, "0 .left out: 5 differing in setting watch-after"),
        ({"path": ("v1.33.13,v1.34.4", "v1.34.4,v1.35.4")}, "for one path, and 2"),
    ],
)
def test_limits_from_a_history_that_does_not_fit_are_refused(history, more, why):
    given = {"history": history} if more else {}
    with pytest.raises(BadInput, match=why):
        request(limits=FROM_HISTORY, **given, **more)


def test_a_saved_pass_is_judged_by_the_history_without_itself(history, tmp_path):
    last = simulated()
    (tmp_path / "run").mkdir()
    save_record(last, tmp_path / "run")
    kept(history, last)
    limits = limits_to_rejudge(tmp_path / "run", tmp_path / "from-history", history)
    assert "drawn from 5 passes" in reason(limits)
    with pytest.raises(BadInput, match="name its file with --history"):
        limits_to_rejudge(tmp_path / "run", tmp_path / "from-history", None)
    (tmp_path / "x.toml").write_text("[dns]\np99_s = 0.7\n")
    assert limits_to_rejudge(tmp_path / "run", tmp_path / "x.toml", None).dns.p99_s == 0.7
    assert load_record(tmp_path / "run") == last


def test_a_request_travels_to_workers(history):
    made = request(history=history, limits=FROM_HISTORY)
    assert pickle.loads(pickle.dumps(made)).reference == made.reference  # noqa: S301


@pytest.mark.parametrize(
    ("gib", "rounded"),
    [(0.97, 1), (3.8, 4), (7.7, 8), (15.5, 16), (23.54, 24), (62.8, 64), (125.6, 128)],
)
def test_machines_that_are_sold_as_alike_are_of_one_class(gib, rounded):
    assert rounded_gib(round(gib * 2**30)) == rounded


def test_the_class_of_this_machine_has_cores_and_memory():
    cores, memory = machine_class().split(", ")
    assert cores.split()[0].isdigit()
    assert memory.endswith(" GiB")
