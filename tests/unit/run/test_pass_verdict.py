"""The verdict of a pass and its reason, as a sentence."""

from __future__ import annotations

import pytest

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.run.verdicts import verdict_of


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (1, "The one claim that could be judged holds."),
        (2, "All 2 claims that could be judged hold."),
    ],
)
def test_claims_that_hold_are_counted(count, reason):
    results = [ScenarioResult(f"test_{i}", "x holds", Verdict.PASS, "") for i in range(count)]
    assert verdict_of(results) == (Verdict.PASS, reason)
