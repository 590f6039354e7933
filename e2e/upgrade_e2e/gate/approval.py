"""The decision: every condition of an approval, over runs that were read before. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from upgrade_e2e.gate.checks import check_budgets, check_control, check_evidence
from upgrade_e2e.gate.compared_runs import ComparedRuns
from upgrade_e2e.gate.comparison import Comparison, State, compare
from upgrade_e2e.gate.decision import Answer, Check, Decision, TestedMetric
from upgrade_e2e.gate.ground import ground_notes
from upgrade_e2e.gate.metrics import age_notes, shown
from upgrade_e2e.gate.power import MOST_RUNS, sensitivity
from upgrade_e2e.gate.run import Run
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.gate.sight import check_sight

__all__ = ["check_baseline", "decide"]

_RARE = 0.05


def decide(evidence: ComparedRuns, settings: GateSettings | None = None) -> Decision:
    """Whether the candidates may be rolled out; see docs/gate.md for the conditions."""
    settings = settings or GateSettings()
    candidates, baseline = evidence.candidates, evidence.baseline
    again = _command(candidates)
    rows = compare(candidates, baseline, settings) if candidates else ()
    tested = sum(row.p_value is not None for row in rows)
    metrics = tuple(
        TestedMetric(row, sensitivity(row, tested, settings) if _asks(row, settings) else None)
        for row in rows
    )
    checks = (
        check_evidence(candidates, baseline, evidence.controls, evidence.damaged, again),
        check_budgets(candidates, again),
        check_sight(candidates),
        check_baseline(metrics, len(candidates), len(baseline), again, settings),
        check_control(candidates, evidence.controls, again),
    )
    first = next(iter((*candidates, *evidence.controls, *baseline)), None)
    return Decision(
        path=first.path if first else (),
        provider=first.provider if first else "",
        simulated=any(run.simulated for run in candidates),
        candidates=tuple(run.run_id for run in candidates),
        baseline=tuple(run.run_id for run in baseline),
        controls=tuple(run.run_id for run in evidence.controls),
        checks=checks,
        settings=settings,
        metrics=metrics,
        notes=(
            *evidence.notes,
            *age_notes(candidates, baseline, settings),
            *ground_notes((*candidates, *baseline, *evidence.controls)),
            *_notes(evidence, settings),
        ),
    )


def check_baseline(
    metrics: Sequence[TestedMetric],
    candidates: int,
    baseline: int,
    again: str,
    settings: GateSettings,
) -> Check:
    """The candidates are not worse than the baseline, metric by metric."""
    worse = [row for row in metrics if row.comparison.state is State.WORSE]
    unsure = [row for row in metrics if row.comparison.state is State.CANNOT_TELL]
    if worse:
        why = [_worse(row.comparison) for row in worse]
        step = (
            "look at those observers in `upgrade-e2e report CANDIDATE --baseline BASELINE`, "
            "which shows two runs side by side."
        )
        return Check("baseline", Answer.REJECT, tuple(why), (step,))
    if candidates and baseline and metrics and not unsure:
        why = [f"none of {len(metrics)} metrics is worse than the baseline by its margin."]
        return Check("baseline", Answer.APPROVE, tuple(why))
    why = list(_unsure(unsure, candidates, baseline, settings))
    steps = _more_runs(unsure, candidates, baseline, again, settings)
    return Check("baseline", Answer.INCONCLUSIVE, tuple(why), tuple(steps))


def _asks(row: Comparison, settings: GateSettings) -> bool:
    open_question = row.p_value is not None or row.state is State.CANNOT_TELL
    return open_question and settings.simulations > 0


def _command(candidates: Sequence[Run]) -> str:
    if not candidates:
        return "upgrade-e2e run --path VERSION,VERSION"
    run = candidates[0]
    provider = "kind" if run.simulated else run.provider  # more rehearsals would not help
    same = " --limits FILE" if run.limits else ""
    return f"upgrade-e2e run --path {','.join(run.path)} --provider {provider}{same}"


def _worse(row: Comparison) -> str:
    difference = math.nan if row.difference is None else row.difference
    return (
        f"{row.name} is worse by {shown(row.metric, difference)} (margin "
        f"{shown(row.metric, row.margin)}, adjusted p = {row.p_adjusted:.2g}): {row.meaning}."
    )


def _unsure(
    unsure: Sequence[TestedMetric], candidates: int, baseline: int, settings: GateSettings
) -> Iterator[str]:
    if not baseline:
        yield "there is no baseline: no passed run of this path, provider and settings."
        return
    if not candidates:
        yield "there is no candidate to compare."
        return
    if min(candidates, baseline) < settings.min_runs:
        yield (
            f"{candidates} against {baseline} runs are too few to approve on "
            f"(at least {settings.min_runs} per side)."
        )
    for row in (metric.comparison for metric in unsure):
        if row.difference is None or row.high is None:
            side = "candidate" if not row.candidate else "baseline"
            yield f"{row.name} was not measured in the {side}."
        elif row.missing:
            yield f"{row.name} is missing in {row.missing} of the runs."
        elif math.isfinite(row.high) and row.high > row.margin:
            high, margin, seen = (
                shown(row.metric, value) for value in (row.high, row.margin, row.difference)
            )
            yield f"{row.name} may be worse by up to {high} (margin {margin}, seen {seen})."


def _more_runs(
    unsure: Sequence[TestedMetric],
    candidates: int,
    baseline: int,
    again: str,
    settings: GateSettings,
) -> Iterator[str]:
    measured = [row for row in unsure if row.comparison.difference is not None]
    needed = [row.sensitivity for row in measured if row.sensitivity is not None]
    runs = [found.runs_needed for found in needed if found.runs_needed is not None]
    aim = max([settings.min_runs, *runs])
    both = any(found.both_sides and found.runs_needed is not None for found in needed)
    if aim > candidates:
        yield f"{_more(aim - candidates)} of the candidate: {again}"
    old_aim = aim if both else settings.min_runs
    if old_aim > baseline:
        yield (
            f"{_more(old_aim - baseline)} for the baseline: nightly passes into the history, or "
            "--baseline with folders of earlier runs."
        )
    for row in measured:
        if row.sensitivity is not None and row.sensitivity.runs_needed is None:
            yield (
                f"{row.comparison.name} is too noisy for its margin: even {MOST_RUNS} runs per "
                "side would not settle it. Use a quieter machine, or a wider margin with its "
                "reason (--margins)."
            )
    if candidates and baseline and len(measured) < len(unsure):
        yield "watch the same observers in the candidate as in the baseline."


def _more(count: int) -> str:
    return "1 more run" if count == 1 else f"{count} more runs"


def _notes(evidence: ComparedRuns, settings: GateSettings) -> Iterator[str]:
    yield from settings.changed
    for run in evidence.candidates:
        if run.limits:
            changed = ", ".join(f"{key} = {value:g}" for key, value in run.limits.items())
            yield f"run {run.name} was held to limits other than the defaults: {changed}."
    tools = {run.tool for run in (*evidence.candidates, *evidence.baseline, *evidence.controls)}
    if len(tools) > 1:
        yield f"the runs were made with several versions of upgrade-e2e: {', '.join(sorted(tools))}"
    count = len(evidence.candidates)
    if count:
        share = 1 - _RARE ** (1 / count)
        yield (
            f"something that happens in fewer than {share:.0%} of all passes may not have "
            f"happened in {'this one' if count == 1 else f'any of these {count}'} "
            f"({1 - _RARE:.0%} confidence)."
        )
