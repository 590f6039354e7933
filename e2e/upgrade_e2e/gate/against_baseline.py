"""The condition that candidates are not worse than the baseline, metric by metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from upgrade_e2e.gate.compared_runs import ComparedRuns
from upgrade_e2e.gate.comparison import Comparison, State
from upgrade_e2e.gate.decision import Answer, Check, TestedMetric
from upgrade_e2e.gate.metrics import shown
from upgrade_e2e.gate.power import MOST_RUNS
from upgrade_e2e.gate.settings import GateSettings

__all__ = ["check_baseline"]


def check_baseline(
    evidence: ComparedRuns, metrics: Sequence[TestedMetric], again: str, settings: GateSettings
) -> Check:
    """The candidates are not worse than the baseline; `again` is the command for one more."""
    worse = [row for row in metrics if row.comparison.state is State.WORSE]
    unsure = [row for row in metrics if row.comparison.state is State.CANNOT_TELL]
    if worse:
        why = [_worse(row.comparison) for row in worse]
        step = (
            "look at those observers in `upgrade-e2e report CANDIDATE --baseline BASELINE`, "
            "which shows two runs side by side."
        )
        return Check("baseline", Answer.REJECT, tuple(why), (step,))
    if evidence.candidates and evidence.baseline and metrics and not unsure:
        why = [f"none of {len(metrics)} metrics is worse than the baseline by its margin."]
        return Check("baseline", Answer.APPROVE, tuple(why))
    return Check(
        "baseline",
        Answer.INCONCLUSIVE,
        tuple(_unsure(evidence, unsure, settings)),
        tuple(_next(evidence, unsure, again, settings)),
    )


def _worse(row: Comparison) -> str:
    difference = math.nan if row.difference is None else row.difference
    return (
        f"{row.name} is worse by {shown(row.metric, difference)} (margin "
        f"{shown(row.metric, row.margin)}, adjusted p = {row.p_adjusted:.2g}): {row.meaning}."
    )


def _unsure(
    evidence: ComparedRuns, unsure: Sequence[TestedMetric], settings: GateSettings
) -> Iterator[str]:
    candidates, baseline = len(evidence.candidates), len(evidence.baseline)
    simulated = "simulated " if evidence.simulated else ""
    if not baseline:
        yield (
            f"there is no baseline: no passed {simulated}run of this path, provider and settings."
        )
        return
    if not candidates:
        yield "there is no candidate to compare."
        return
    if min(candidates, baseline) < settings.min_runs:
        yield (
            f"{candidates} against {baseline} {simulated}runs are too few to approve on "
            f"(at least {settings.min_runs} per side)."
        )
    yield from _unsure_metrics(unsure)


def _unsure_metrics(unsure: Sequence[TestedMetric]) -> Iterator[str]:
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


def _next(
    evidence: ComparedRuns, unsure: Sequence[TestedMetric], again: str, settings: GateSettings
) -> Iterator[str]:
    if evidence.simulated:
        yield (
            f"{settings.min_runs} or more such runs of the candidate and of the baseline: "
            "simulated passes count for neither."
        )
        return
    measured = [row for row in unsure if row.comparison.difference is not None]
    yield from _more_runs(evidence, measured, again, settings)
    yield from _too_noisy(measured)
    if evidence.candidates and evidence.baseline and len(measured) < len(unsure):
        yield "watch the same observers in the candidate as in the baseline."


def _more_runs(
    evidence: ComparedRuns, measured: Sequence[TestedMetric], again: str, settings: GateSettings
) -> Iterator[str]:
    candidates, baseline = len(evidence.candidates), len(evidence.baseline)
    needed = [row.sensitivity for row in measured if row.sensitivity is not None]
    runs = [found.runs_needed for found in needed if found.runs_needed is not None]
    aim = max([settings.min_runs, *runs])
    both = any(found.both_sides and found.runs_needed is not None for found in needed)
    if aim > candidates:
        each = ", each by this command" if aim - candidates > 1 else ""
        yield f"{_more(aim - candidates)} of the candidate{each}: {again}"
    old_aim = aim if both else settings.min_runs
    if old_aim > baseline:
        yield (
            f"{_more(old_aim - baseline)} for the baseline: earlier passes with the same options, "
            "in the history or in folders that --baseline names."
        )


def _too_noisy(measured: Sequence[TestedMetric]) -> Iterator[str]:
    for row in measured:
        if row.sensitivity is not None and row.sensitivity.runs_needed is None:
            yield (
                f"{row.comparison.name} is too noisy for its margin: even {MOST_RUNS} runs per "
                "side would not settle it. Use a quieter machine, or a wider margin with its "
                "reason (--margins)."
            )


def _more(count: int) -> str:
    return "1 more run" if count == 1 else f"{count} more runs"
