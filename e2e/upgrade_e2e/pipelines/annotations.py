"""Lines that GitHub Actions shows at a workflow run: errors, warnings and notices."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e.gate import Answer, Decision
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import RunRecord, happened, headline

__all__ = ["annotate_decision", "annotate_runs", "annotation"]

_LEVELS = {
    Verdict.FAIL: "error",
    Verdict.INCONCLUSIVE: "warning",
    Answer.REJECT: "error",
    Answer.INCONCLUSIVE: "warning",
}


def annotation(level: str, title: str, message: str, *, file: str = "", line: int = 0) -> str:
    """One workflow command; `level` is `error`, `warning` or `notice`.

    With a `file`, the page of a pull request shows it at that line.

    Escaped as the runner's toolkit does it (actions/toolkit, command.ts), so that a message of
    several lines stays one, and nothing in it is taken for another command.
    """
    place = f"file={_property(file)},line={max(line, 1)}," if file else ""
    return f"::{level} {place}title={_property(title)}::{_data(message)}"


def annotate_runs(runs: Iterable[RunRecord | str]) -> tuple[str, ...]:
    """One line per run and per claim that does not hold; a str says why there is no record."""
    lines: list[str] = []
    for run in runs:
        if isinstance(run, str):
            lines.append(annotation("warning", "INCONCLUSIVE: no record", run))
            continue
        where = f"{' -> '.join(run.path)} on {run.provider}"
        simulated = " (SIMULATED)" if run.simulated else ""
        planted = f" Planted: {', '.join(run.faults)}." if run.faults else ""
        level = "notice" if run.faults else _LEVELS.get(run.verdict, "notice")
        title = f"{run.verdict}{simulated}: {where}"
        said = [f"{headline(run)}{planted}", *happened(run)]
        lines.append(annotation(level, title, "\n".join(said)))
        lines += [
            annotation(level, f"{claim.verdict}: {claim.name}, {where}", claim.explanation)
            for claim in run.scenarios
            if claim.verdict in _LEVELS
        ]
    return tuple(lines)


def annotate_decision(decision: Decision) -> tuple[str, ...]:
    """One line for the answer, and one for each check that prevents an approval."""
    where = f"{' -> '.join(decision.path)} on {decision.provider}"
    lines = [
        annotation(
            _LEVELS.get(decision.answer, "notice"),
            f"{decision.answer}: {where}",
            "\n".join(decision.next) or "every condition of an approval holds.",
        )
    ]
    for check in decision.checks:
        if check.answer in _LEVELS:
            title = f"{check.name}: {check.answer}"
            lines.append(annotation(_LEVELS[check.answer], title, "\n".join(check.why)))
    return tuple(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
