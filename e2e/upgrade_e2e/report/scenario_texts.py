"""The scenarios of a pass in summary.md: a row for each that was judged, a line for each reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.markdown import cell
from upgrade_e2e.report.reasons import by_reason, is_not_judged
from upgrade_e2e.report.record import RunRecord, ScenarioResult

__all__ = ["scenario_lines"]


def scenario_lines(run: RunRecord) -> Iterator[str]:
    """The table, what was skipped or not judged by reason, and the explanations."""
    skipped = [one for one in run.scenarios if one.verdict is Verdict.SKIP]
    ended = [one for one in run.scenarios if is_not_judged(one)]
    listed = {*skipped, *ended}
    judged = [one for one in run.scenarios if one not in listed]
    yield from ("", "## Scenarios")
    if judged or not run.scenarios:
        yield from _table(judged)
    yield from _by_reason(f"Skipped ({len(skipped)}):", skipped)
    yield from _by_reason(f"Not judged ({len(ended)}):", ended)
    yield from _explanations(judged)


def _table(judged: Sequence[ScenarioResult]) -> Iterator[str]:
    yield from ("", "| verdict | scenario | claim |", "|---|---|---|")
    for result in judged:
        yield f"| **{result.verdict}** | {result.name} | {cell(result.claim)} |"
    if not judged:
        yield "| - | no scenario was judged | |"


def _by_reason(title: str, results: Sequence[ScenarioResult]) -> Iterator[str]:
    if not results:
        return
    yield from ("", title, "")
    for why, those in by_reason(results).items():
        said = " ".join(why.split()).rstrip(".") or "no reason is given"
        yield f"- {said}: {_names(those)}"


def _explanations(judged: Sequence[ScenarioResult]) -> Iterator[str]:
    """What is known of each, once for those of the same verdict and words."""
    told: dict[tuple[Verdict, str], list[ScenarioResult]] = {}
    for one in judged:
        if one.explanation or one.traceback:
            told.setdefault((one.verdict, one.explanation), []).append(one)
    for (verdict, explanation), those in told.items():
        yield from ("", f"### {_names(those)}: {verdict}", "", "```")
        yield explanation.strip()
        yield "```"
        for result in those:
            yield from _traceback(result)


def _traceback(result: ScenarioResult) -> Iterator[str]:
    if result.traceback:
        yield from ("", f"Traceback of {result.name}:", "", "```")
        yield result.traceback.strip()
        yield "```"


def _names(results: Sequence[ScenarioResult]) -> str:
    return ", ".join(one.name for one in results)
