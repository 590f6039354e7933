"""The first sentences about a pass: what its verdict rests on, and what could not be judged."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.reasons import counted_reasons, unjudged_of
from upgrade_e2e.report.record import RunRecord, ScenarioResult

__all__ = ["headline", "planted"]


def headline(run: RunRecord) -> str:
    """The reason of the verdict, and how many claims have no answer, and why."""
    return " ".join(_sentences(run))


def planted(run: RunRecord) -> str:
    """Which faults were planted, and how many claims broke; empty where none was planted."""
    if not run.faults:
        return ""
    broke = len(_with(run, Verdict.FAIL))
    claims = {0: "No claim", 1: "1 claim"}.get(broke, f"{broke} claims")
    return f"Planted: {', '.join(run.faults)}. {claims} broke."


def _sentences(run: RunRecord) -> Iterator[str]:
    held, skipped = _with(run, Verdict.PASS), _with(run, Verdict.SKIP)
    if run.verdict is Verdict.PASS and skipped:
        hold = "1 claim holds" if len(held) == 1 else f"{len(held)} claims hold"
        were = "was" if len(skipped) == 1 else "were"
        yield f"{hold}, {len(skipped)} {were} skipped: {counted_reasons(skipped)}."
        return
    yield _ended(run.reason)
    yield from _unjudged(run)
    if skipped and len(skipped) == len(run.scenarios):
        yield f"All {len(skipped)} were skipped: {counted_reasons(skipped)}."


def _unjudged(run: RunRecord) -> Iterator[str]:
    """How many could not be judged, next to what could; or that the run ended before that."""
    found = unjudged_of(run)
    if run.verdict is Verdict.FAIL and found.all:
        yield f"{len(found.all)} more could not be judged: {found.why()}."
    elif found.ended:
        one = len(found.ended) == 1
        claims = "1 claim was" if one else f"{len(found.ended)} claims were"
        yield f"{claims} not judged: the run ended before that."


def _with(run: RunRecord, verdict: Verdict) -> list[ScenarioResult]:
    return [one for one in run.scenarios if one.verdict is verdict]


def _ended(sentence: str) -> str:
    """A reason that is no whole sentence, such as `interrupted by SIGINT`, gets its full stop."""
    return sentence if not sentence or sentence[-1] in ".!?:" else f"{sentence}."
