"""Exit codes of `upgrade-e2e run`."""

from __future__ import annotations

import pytest

from tests.unit.report.test_record import record
from upgrade_e2e.judge import Verdict
from upgrade_e2e.run.exit_codes import code_of_child, code_of_runs, told_by_child

PASS = record(verdict=Verdict.PASS)
FAIL = record(verdict=Verdict.FAIL)
UNSURE = record(verdict=Verdict.INCONCLUSIVE)
REFUSED = record(verdict=Verdict.INCONCLUSIVE, cluster_made=False, refused=True)
UNMADE = record(verdict=Verdict.INCONCLUSIVE, cluster_made=False)


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([PASS], 0),
        ([PASS, FAIL], 1),
        ([UNSURE, FAIL], 1),
        ([PASS, UNSURE], 3),
        ([UNMADE], 4),
        ([REFUSED], 2),
        ([REFUSED, FAIL], 1),
        ([PASS, UNMADE], 4),
        ([FAIL, UNMADE], 1),
        ([None, PASS], 3),
        ([], 3),
    ],
)
def test_verdicts_make_the_code(runs, code):
    assert code_of_runs(runs) == code


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_the_child_tells_its_code(code):
    assert code_of_child(told_by_child(code)) == code


@pytest.mark.parametrize(
    ("pytest_code", "code"),
    [(2, 130), (3, 3), (4, 2), (5, 2), (0, 3), (1, 3), (137, 130), (143, 130)],
)
def test_codes_of_pytest_itself(pytest_code, code):
    assert code_of_child(pytest_code) == code
