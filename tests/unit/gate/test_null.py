"""The power table of docs/gate.md, in small: made-up runs, a fixed seed."""

import re

import numpy as np
import pytest

from benchmarks.gate_power import BEGIN, DOCUMENT, END, OBSERVERS, PAIRS, judge_pairs, make_run
from upgrade_e2e.gate import Answer

FEW = 40


def test_without_a_difference_hardly_anything_is_rejected_and_most_is_approved():
    rows = [judge_pairs("", new, old, FEW) for new, old in ((5, 5), (5, 7), (10, 20))]
    rejected = sum(row.answers.count(Answer.REJECT) for row in rows)
    assert rejected <= 0.05 * FEW * len(rows)
    assert all(row.share(Answer.APPROVE) >= 0.8 for row in rows), "or it is of no use"


@pytest.mark.parametrize("observer", OBSERVERS)
def test_one_more_outage_is_rejected_and_never_approved(observer):
    row = judge_pairs(observer, 5, 7, FEW)
    assert row.share(Answer.REJECT) >= 0.9
    assert row.share(Answer.APPROVE) == 0


def test_three_against_three_can_tell_nothing_and_a_long_history_helps():
    assert judge_pairs("web", 3, 3, FEW // 2).share(Answer.INCONCLUSIVE) == 1
    assert judge_pairs("web", 3, 20, FEW // 4).share(Answer.REJECT) >= 0.8


def test_the_runs_are_drawn_by_a_seed():
    assert judge_pairs("dns", 5, 5, 3) == judge_pairs("dns", 5, 5, 3)


def test_made_up_runs_have_the_figures_of_real_ones():
    made = make_run(np.random.default_rng(1))
    assert set(made.observers) == set(OBSERVERS)
    assert made.figure("api", "elsewhere_down_s") is not None
    assert 0.2 < made.figure("api", "failure_ratio").value < 0.45


def table():
    """The rows of the table in the document."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    found = re.findall(
        r"^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+)% \| ([\d.]+)% \| ([\d.]+)% \|$",
        text,
        re.MULTILINE,
    )
    return [
        (what, int(new), int(old), int(pairs), float(no), float(maybe), float(yes))
        for what, new, old, pairs, no, maybe, yes in found
    ]


def test_the_table_in_the_document_keeps_the_promise():
    rows = table()
    promised = [row for row in rows if row[1:4] == (5, 7, PAIRS)]
    assert len(promised) == 1 + len(OBSERVERS)
    for what, *_, rejected, _, approved in promised:
        if what == "none":
            assert approved >= 80
        else:
            assert approved <= 2.5, what
        if "`web`" in what:
            assert rejected >= 95
    assert all(rejected <= 5 for what, *_, rejected, _, _ in rows if what == "none")
