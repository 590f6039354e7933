"""Scenarios that a reader sees at once, and the line that counts the others."""

from __future__ import annotations

import pytest

from tests.unit.report.test_record import record
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.report.html.folded import Folded, fold

FAIL, INCONCLUSIVE, PASS, SKIP = (
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
    Verdict.SKIP,
)


def folded(*verdicts: Verdict) -> Folded:
    """What is folded of scenarios with these verdicts."""
    results = (ScenarioResult(f"test_{n}", "It holds.", v, "") for n, v in enumerate(verdicts))
    return fold(record(scenarios=tuple(results)))


def test_what_must_be_read_is_shown_and_failures_come_first():
    assert folded(INCONCLUSIVE, SKIP, FAIL, PASS, FAIL, PASS).shown == (2, 4, 0)


def test_what_held_or_was_skipped_is_folded_and_skips_come_last():
    assert folded(SKIP, PASS, FAIL, SKIP, PASS).folded == (1, 4, 0, 3)


def test_each_verdict_is_either_shown_or_folded():
    every = folded(*Verdict)
    assert sorted((*every.shown, *every.folded)) == list(range(len(Verdict)))


@pytest.mark.parametrize(
    ("held", "skipped", "line"),
    [
        (31, 3, "31 claims held, 3 were skipped"),
        (1, 1, "1 claim held, 1 was skipped"),
        (2, 0, "2 claims held"),
        (0, 1, "1 claim was skipped"),
        (0, 4, "4 claims were skipped"),
        (0, 0, ""),
    ],
)
def test_the_line_says_how_many_held_and_how_many_were_skipped(held, skipped, line):
    assert folded(FAIL, *[PASS] * held, *[SKIP] * skipped).line == line
