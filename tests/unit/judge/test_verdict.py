"""One verdict out of many."""

from __future__ import annotations

import pytest

from upgrade_e2e.judge import Verdict, combine

PASS, FAIL, INCONCLUSIVE, SKIP = Verdict


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([PASS, PASS], PASS),
        ([PASS, SKIP], PASS),
        ([PASS, INCONCLUSIVE, SKIP], INCONCLUSIVE),
        ([INCONCLUSIVE, FAIL, PASS], FAIL),
        ([SKIP, SKIP], INCONCLUSIVE),
        ([], INCONCLUSIVE),
    ],
)
def test_combine(verdicts, expected):
    assert combine(verdicts) is expected
    assert combine(reversed(verdicts)) is expected
