"""Exit codes of `upgrade-e2e run`."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e.judge import Verdict, combine
from upgrade_e2e.report import RunRecord

__all__ = [
    "BAD_INPUT",
    "CLUSTER_NOT_MADE",
    "FAILED",
    "INCONCLUSIVE",
    "INTERRUPTED",
    "PASSED",
    "code_of_runs",
]

PASSED = 0
FAILED = 1
BAD_INPUT = 2
INCONCLUSIVE = 3
CLUSTER_NOT_MADE = 4
INTERRUPTED = 130


def code_of_runs(records: Iterable[RunRecord | None]) -> int:
    """The exit code that several passes make; None is a pass that left no record."""
    known = list(records)
    verdicts = [Verdict.INCONCLUSIVE if run is None else run.verdict for run in known]
    verdict = combine(verdicts)
    if verdict is Verdict.FAIL:
        return FAILED
    if any(run is not None and run.refused for run in known):
        return BAD_INPUT
    if any(run is not None and not run.cluster_made for run in known):
        return CLUSTER_NOT_MADE
    return PASSED if verdict is Verdict.PASS else INCONCLUSIVE
