"""A decision in words, for a terminal, a job summary or a pull request (GitHub's Markdown)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pydantic import TypeAdapter

from upgrade_e2e.gate.comparison import Comparison
from upgrade_e2e.gate.decision import Answer, Decision, TestedMetric
from upgrade_e2e.gate.metrics import shown
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.report import REHEARSAL
from upgrade_e2e.report.markdown import cell

__all__ = ["decision_json", "render_decision"]

_DECISION = TypeAdapter(Decision)
_HOLDS = {Answer.APPROVE: "yes", Answer.REJECT: "no", Answer.INCONCLUSIVE: "cannot tell"}


def render_decision(decision: Decision) -> str:
    """The answer, why, what to do next, and all numbers."""
    return "\n".join(_lines(decision)) + "\n"


def decision_json(decision: Decision) -> str:
    """The decision as JSON, with `answer` and `exit_code` next to its parts."""
    parts = _DECISION.dump_json(decision, indent=1).decode()
    head = f'{{\n "answer": "{decision.answer}",\n "exit_code": {decision.exit_code},\n'
    return head + parts.removeprefix("{\n") + "\n"


def _lines(decision: Decision) -> Iterator[str]:
    where = f"{' -> '.join(decision.path)} on {decision.provider}" if decision.path else "no run"
    yield f"# {decision.answer}: {cell(where)}"
    yield ""
    if decision.simulated:
        yield from (f"**SIMULATED**: all of this is about simulated passes: {REHEARSAL}", "")
    yield (
        f"{len(decision.candidates)} candidate(s), {len(decision.baseline)} of the baseline, "
        f"{len(decision.controls)} positive control(s)."
    )
    yield from ("", "| condition | holds | why |", "|---|---|---|")
    for check in decision.checks:
        yield f"| {check.name} | **{_HOLDS[check.answer]}** | {cell(' '.join(check.why))} |"
    if decision.next:
        yield from ("", "## What to do next", "")
        yield from (f"{number}. {step}" for number, step in enumerate(decision.next, start=1))
    if decision.metrics:
        yield from _metrics(decision.metrics, decision.settings)
    if decision.notes:
        yield from ("", "## To know before signing", "")
        yield from (f"- {cell(note)}" for note in decision.notes)


def _metrics(metrics: Sequence[TestedMetric], settings: GateSettings) -> Iterator[str]:
    yield from ("", "## Against the baseline", "")
    yield (
        "| observer | metric | candidate | baseline | difference | margin | p (Holm) | answer "
        "| would have seen |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for metric in metrics:
        yield _row(metric)
    yield ""
    yield (
        "Means over runs, with the range in brackets; of the difference the "
        f"{settings.confidence:.0%} interval after Welch. *Would have seen* is the smallest "
        f"difference that would have been called worse with {settings.power:.0%} chance, simulated "
        "from the spread of these runs."
    )


def _row(metric: TestedMetric) -> str:
    row = metric.comparison
    bound = " (>=)" if row.censored else ""
    return (
        f"| {row.observer} | {row.metric}{bound} | {_side(row.metric, row.candidate)} "
        f"| {_side(row.metric, row.baseline)} | {_difference(row)} "
        f"| {shown(row.metric, row.margin)} | {_p(row)} | {row.state} | {_seen(metric)} |"
    )


def _side(metric: str, values: Sequence[float]) -> str:
    if not values:
        return "-"
    mean = math.fsum(values) / len(values)
    middle, low, high = (shown(metric, value) for value in (mean, min(values), max(values)))
    return f"{middle} ({low} to {high})"


def _difference(row: Comparison) -> str:
    if row.difference is None or row.low is None or row.high is None:
        return "-"
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return f"{_signed(row.metric, row.difference)} [unknown]"
    difference, low, high = (
        _signed(row.metric, value) for value in (row.difference, row.low, row.high)
    )
    return f"{difference} [{low} to {high}]"


def _signed(metric: str, value: float) -> str:
    text = shown(metric, value)
    return text if value <= 0 or text.startswith("<") else f"+{text}"


def _p(row: Comparison) -> str:
    return "-" if row.p_adjusted is None else f"{row.p_adjusted:.2g}"


def _seen(metric: TestedMetric) -> str:
    if metric.sensitivity is None:
        return "-"
    if metric.sensitivity.smallest is None:
        return "nothing: too few runs"
    return _signed(metric.comparison.metric, metric.sensitivity.smallest)
