"""The decision: every condition of an approval, over runs that were read before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrade_e2e.gate.again import Again
from upgrade_e2e.gate.against_baseline import check_baseline
from upgrade_e2e.gate.checks import check_budgets, check_control, check_evidence
from upgrade_e2e.gate.compared_runs import ComparedRuns
from upgrade_e2e.gate.comparison import Comparison, State, compare
from upgrade_e2e.gate.decision import Check, Decision, TestedMetric
from upgrade_e2e.gate.ground import ground_notes
from upgrade_e2e.gate.metrics import age_notes
from upgrade_e2e.gate.power import sensitivity
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.gate.sight import check_sight

__all__ = ["decide"]

_RARE = 0.05


def decide(evidence: ComparedRuns, settings: GateSettings | None = None) -> Decision:
    """Whether the candidates may be rolled out; see docs/gate.md for the conditions."""
    settings = settings or GateSettings()
    runs = evidence.runs
    metrics = _tested(evidence, settings)
    return Decision(
        path=runs[0].path if runs else (),
        provider=runs[0].provider if runs else "",
        simulated=evidence.simulated,
        candidates=tuple(run.run_id for run in evidence.candidates),
        baseline=tuple(run.run_id for run in evidence.baseline),
        controls=tuple(run.run_id for run in evidence.controls),
        checks=tuple(_checks(evidence, metrics, settings)),
        settings=settings,
        metrics=metrics,
        notes=tuple(_notes(evidence, settings)),
    )


def _tested(evidence: ComparedRuns, settings: GateSettings) -> tuple[TestedMetric, ...]:
    if not evidence.candidates:
        return ()
    rows = compare(evidence.candidates, evidence.baseline, settings)
    tested = sum(row.p_value is not None for row in rows)
    return tuple(
        TestedMetric(row, sensitivity(row, tested, settings) if _asks(row, settings) else None)
        for row in rows
    )


def _checks(
    evidence: ComparedRuns, metrics: Sequence[TestedMetric], settings: GateSettings
) -> Iterator[Check]:
    candidates, controls = evidence.candidates, evidence.controls
    again = Again.of(candidates or evidence.runs)
    yield check_evidence(candidates, evidence.baseline, controls, evidence.damaged, again.candidate)
    yield check_budgets(candidates, again.candidate)
    yield check_sight(candidates)
    yield check_baseline(evidence, metrics, again.candidate, settings)
    yield check_control(candidates, controls, again.control)


def _asks(row: Comparison, settings: GateSettings) -> bool:
    open_question = row.p_value is not None or row.state is State.CANNOT_TELL
    return open_question and settings.simulations > 0


def _notes(evidence: ComparedRuns, settings: GateSettings) -> Iterator[str]:
    yield from evidence.notes
    yield from age_notes(evidence.candidates, evidence.baseline, settings)
    yield from ground_notes((*evidence.candidates, *evidence.baseline, *evidence.controls))
    yield from settings.changed
    yield from _notes_on_limits(evidence)
    tools = {run.tool for run in evidence.runs}
    if len(tools) > 1:
        yield f"the runs were made with several versions of upgrade-e2e: {', '.join(sorted(tools))}"
    if count := len(evidence.candidates):
        share = 1 - _RARE ** (1 / count)
        yield (
            f"something that happens in fewer than {share:.0%} of all "
            f"{'simulated ' if evidence.simulated else ''}passes may not have "
            f"happened in {'this one' if count == 1 else f'any of these {count}'} "
            f"({1 - _RARE:.0%} confidence)."
        )


def _notes_on_limits(evidence: ComparedRuns) -> Iterator[str]:
    for run in evidence.candidates:
        if run.limits:
            changed = ", ".join(f"{key} = {value:g}" for key, value in run.limits.items())
            yield f"run {run.name} was held to limits other than the defaults: {changed}."
