"""Exit codes of `upgrade-e2e run`, and how pytest's child process tells them."""

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
    "code_of_child",
    "code_of_runs",
    "told_by_child",
]

PASSED = 0
FAILED = 1
BAD_INPUT = 2
INCONCLUSIVE = 3
CLUSTER_NOT_MADE = 4
INTERRUPTED = 130

# pytest has exit codes of its own (0 to 5) and two of them mean something else than ours, so the
# child process adds this to the codes above.
_OFFSET = 100
_PYTEST_INTERRUPTED, _PYTEST_USAGE, _PYTEST_NO_TESTS = 2, 4, 5


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


def told_by_child(code: int) -> int:
    """What the child process exits with to tell `code`."""
    return _OFFSET + code


def code_of_child(returncode: int) -> int:
    """The exit code of `upgrade-e2e run`, from that of its pytest child process."""
    if returncode >= _OFFSET and returncode < 128:
        return returncode - _OFFSET
    if returncode in {_PYTEST_USAGE, _PYTEST_NO_TESTS}:
        return BAD_INPUT
    if returncode == _PYTEST_INTERRUPTED or returncode > 128:
        return INTERRUPTED
    return INCONCLUSIVE
