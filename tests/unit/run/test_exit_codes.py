"""Exit codes of `upgrade-e2e run`."""

from __future__ import annotations

import pytest

from tests.unit.report.test_record import record
from upgrade_e2e.judge import Verdict
from upgrade_e2e.run.exit_codes import code_of_runs

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
