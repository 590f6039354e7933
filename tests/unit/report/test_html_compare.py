"""A run beside its baseline: what changed, in words."""

from __future__ import annotations

import dataclasses

from tests.unit.report.test_record import record
from tests.unit.report.test_summary import SEEN
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.report.html.compare import compare_runs
from upgrade_e2e.timeline import Span


def rows(comparison, key):
    """The rows of one of the tables, as they are shown."""
    table = next(table for table in comparison.tables if table.key == key)
    return {tuple(cell.shown for cell in row[:2]): row for row in table.rows}


def beside(**changes):
    """Two runs whose observer differs in `changes`."""
    mine = record(run_id="new", observers=(dataclasses.replace(SEEN, **changes),))
    return compare_runs(mine, record(run_id="old", observers=(SEEN,)))


def test_differences_say_more_or_less_and_by_how_much():
    made = rows(beside(downtime_s=1.0, failure_ratio=0.0035, p50_s=0.00201), "compare-figures")
    more = made["web", "down at least"][-1]
    assert more.shown == "600 ms more (x2.5)"
    assert (more.raw, more.tone) == ("0.6", "worse")
    less = made["web", "failure ratio"][-1]
    assert (less.shown, less.tone) == ("0.35% less (-50%)", "better")
    assert made["web", "longest gap"][-1].shown == "none"


def test_a_small_difference_is_not_coloured():
    made = rows(beside(p50_s=0.00201), "compare-figures")
    assert made["web", "p50"][-1].tone == "muted"


def test_a_bound_stays_a_bound():
    made = rows(beside(), "compare-figures")
    assert made["web", "p99"][2].shown == "≥ 2 s"


def test_nothing_to_compare_with_is_said():
    comparison = compare_runs(record(observers=(SEEN,)), record(run_id="old"))
    row = rows(comparison, "compare-figures")["web", "down at least"]
    assert [cell.shown for cell in row[2:]] == ["400 ms", "-", "only in one run"]


def test_changed_verdicts_stand_out():
    def run(name, verdict):
        return record(run_id=name, scenarios=(ScenarioResult("test_x", "x holds", verdict),))

    table = compare_runs(run("new", Verdict.FAIL), run("old", Verdict.PASS)).tables[0]
    assert [cell.shown for cell in table.rows[0]] == ["x holds", "FAIL", "PASS", "changed"]


def test_steps_of_the_same_name_are_matched_by_their_order():
    spans = (Span("drain w", "drain", 1.0, 2.0), Span("drain w", "drain", 5.0, 9.0))
    slower = (spans[0], dataclasses.replace(spans[1], end_s=11.0))
    comparison = compare_runs(record(run_id="new", spans=slower), record(run_id="old", spans=spans))
    shown = [[cell.shown for cell in row] for row in comparison.tables[-1].rows]
    assert shown == [
        ["drain w", "1 s", "1 s", "none"],
        ["drain w", "6 s", "4 s", "2 s more (+50%)"],
    ]


def test_runs_that_should_not_be_compared_say_so():
    other = record(run_id="old", path=("v1.32.0", "v1.33.0"), provider="sim", choices={}, faults=())
    warnings = " ".join(compare_runs(record(), other).warnings)
    for word in ("another path", "another provider", "fast-control-plane", "Other faults"):
        assert word in warnings
    assert "this run itself" in " ".join(compare_runs(record(), record()).warnings)
    assert compare_runs(record(run_id="new"), record(run_id="old")).warnings == ()
