"""What a pass cost, as people read it: the same in summary and page."""

from __future__ import annotations

import re

import pytest

from tests.synthetic import Shape, make_run
from tests.unit.report.test_record import record
from upgrade_e2e.format import duration
from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import (
    Cost,
    CostMark,
    CostRow,
    Spread,
    cost_in_words,
    load_record,
    render_run,
    save_record,
)
from upgrade_e2e.report.html import render_page
from upgrade_e2e.report.html.drawn import Drawn

SLOW = CostRow("dns", "p99_s", "p99", 2.0, True, Spread(12, 0.03, 0.05, 0.08), None, CostMark.WORSE)
FAILED = CostRow(
    "web", "failures", "failed probes", 0, False, Spread(12, 7, 9, 30), None, CostMark.BETTER
)
BLIND = CostRow(
    "web", "blind_share", "not seen", 0.02, False, Spread(12, 0, 0.01, 0.04), None, CostMark.USUAL
)
NOTHING = CostRow(
    "edge", "downtime_s", "down", 0.0, False, Spread(12, 0, 0, 0), None, CostMark.USUAL
)
COST = Cost((SLOW, FAILED, BLIND, NOTHING), "Compared with 12 stock passes.", "", "stock", "stock")


def page(made):
    """The page of a record, with the samples of a made-up pass."""
    _, timeline = make_run(Shape(30, 10))
    return render_page(made, Drawn(Views(timeline, Limits.default())))


def plain(html):
    """The texts of a page, without what lets lines break."""
    return " ".join(re.sub("<wbr>|\u200b", "", re.sub(r"<(?!wbr)[^>]*>", " ", html)).split())


def test_a_sentence_has_what_is_worse_and_what_is_better():
    usually = f"{duration(0.03)} to {duration(0.08)}"
    assert cost_in_words(COST) == (
        f"Next to stock, worse: dns: p99 >= {duration(2.0)} (usually {usually}). And better: "
        "web: failed probes 0 (usually 7 to 30)."
    )


def test_a_sentence_counts_what_is_as_usual():
    usual = Cost((BLIND, NOTHING), "x", marked_by="your history")
    assert cost_in_words(usual) == "Next to your history, all 2 figures are as usual."


def test_without_marks_the_sentence_says_why():
    why = "There are no stock passes of v1.33 -> v1.34 to compare this pass with."
    assert cost_in_words(Cost((BLIND,), why)) == why


def test_the_summary_has_the_sentence_and_a_table():
    text = render_run(record(cost=COST))
    assert cost_in_words(COST) in text.splitlines()
    usual = f"{duration(0.05)} ({duration(0.03)} to {duration(0.08)})"
    assert f"| dns: p99 | >= {duration(2.0)} | {usual} | - | worse |" in text
    assert "| web: failed probes | 0 | 9 (7 to 30) | - | better |" in text
    assert "| web: not seen | 2% | 1% (0% to 4%) | - | as usual |" in text
    assert "Compared with 12 stock passes. Marks go by stock." in text


def test_where_nothing_is_compared_that_is_said_once_and_no_column_is_empty():
    alone = CostRow("dns", "p99_s", "p99", 2.0)
    why = "There are no stock passes like this one."
    text = render_run(record(cost=Cost((alone,), why)))
    assert text.count(why) == 1
    assert f"| metric | this pass |\n|---|---|\n| dns: p99 | {duration(2.0)} |" in text
    assert plain(page(record(cost=Cost((alone,), why)))).count(why) == 1


def test_a_row_that_is_zero_everywhere_is_left_out():
    assert "edge: down" not in render_run(record(cost=COST))


def test_a_pass_that_was_not_compared_has_no_table():
    assert "next to stock" not in render_run(record()).lower()
    assert "next to stock" not in page(record()).lower()


def test_another_machine_heads_the_column():
    other = Cost((SLOW,), "x", stock_title="stock (another machine)")
    assert "| stock (another machine): median (range) |" in render_run(record(cost=other))


@pytest.mark.parametrize("words", [("dns: p99", "worse"), ("web: failed probes", "better")])
def test_the_page_says_the_same(words):
    html = page(record(cost=COST))
    assert all(word in plain(html) for word in words)
    assert cost_in_words(COST).replace(">", "&gt;") in plain(html)
    assert 'class="worse' in html
    assert 'class="better' in html


def test_the_comparison_is_kept_in_the_record(tmp_path):
    made = record(cost=COST, machine="2 cores, 24 GiB")
    save_record(made, tmp_path)
    assert load_record(tmp_path) == made
