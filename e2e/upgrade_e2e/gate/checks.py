"""The conditions of an approval that need no statistics: one pure function each."""

from __future__ import annotations

from collections.abc import Sequence

from upgrade_e2e.gate.comparable import comparability_problems
from upgrade_e2e.gate.decision import Answer, Check, combine_answers
from upgrade_e2e.gate.run import Run
from upgrade_e2e.judge import Verdict, combine
from upgrade_e2e.report import SIMULATED

__all__ = ["check_budgets", "check_control", "check_evidence"]


def check_evidence(
    candidates: Sequence[Run],
    baseline: Sequence[Run],
    controls: Sequence[Run],
    damaged: Sequence[str],
    again: str,
) -> Check:
    """The runs are real, whole and comparable; `again` is the command that makes another."""
    why, steps = list(damaged), []
    if damaged:
        steps.append("restore the damaged runs from where they were copied, or run them again.")
    if not candidates:
        why.append("there is no run to decide on.")
        steps.append(f"make one: {again}")
    if any(run.simulated for run in candidates):
        why.append(f"the runs are {SIMULATED}")
        steps.append(f"these were simulated passes; run the path on real clusters: {again}")
    if problems := list(comparability_problems(candidates, baseline, controls)):
        why += problems
        steps.append(f"make all runs with the same scenarios, rates and limits: {again}")
    if why:
        return Check("evidence", Answer.INCONCLUSIVE, tuple(why), tuple(steps))
    return Check("evidence", Answer.APPROVE, (f"{_runs(candidates)} of a real cluster.",))


def check_budgets(candidates: Sequence[Run], again: str) -> Check:
    """Each run kept every absolute limit: its verdict is PASS."""
    answers: list[Answer] = []
    why: list[str] = []
    steps: list[str] = []
    for run in candidates:
        verdict = _verdict(run)
        if verdict is Verdict.FAIL:
            answers.append(Answer.REJECT)
            why.append(f"run {run.name} is FAIL: {run.reason}")
            steps.append("read the summary.md of the run that failed: it names step and cause.")
        elif verdict is not Verdict.PASS:
            answers.append(Answer.INCONCLUSIVE)
            why.append(f"run {run.name} is {verdict}: {run.reason}")
            steps.append(f"fix what made it {verdict} and replace it: {again}")
        else:
            answers.append(Answer.APPROVE)
    if not why and candidates:
        why.append(f"every claim held in {_runs(candidates)}.")
    why = why or ["no run was judged."]
    return Check("budgets", combine_answers(answers), tuple(why), tuple(dict.fromkeys(steps)))


def _verdict(run: Run) -> Verdict:
    """That of the run; a PASS counts only when its claims agree."""
    claimed = combine(claim.verdict for claim in run.claims)
    return claimed if run.verdict is Verdict.PASS else run.verdict


def check_control(candidates: Sequence[Run], controls: Sequence[Run], plant: str) -> Check:
    """A planted outage was noticed, by scenarios that hold in the candidates.

    `plant` is the command that makes a run with one.
    """
    plant = f"plant an outage once and pass its folder along, with --control: {plant}"
    if not controls:
        none = "there is no positive control: nothing shows that these settings notice an outage."
        return Check("control", Answer.INCONCLUSIVE, (none,), (plant,))
    why_not: list[str] = []
    why: list[str] = []
    proven: set[str] = set()
    for run in controls:
        noticed = [
            claim.name for claim in run.claims if claim.watched and claim.verdict is Verdict.FAIL
        ]
        proven.update(noticed)
        faults = ", ".join(run.faults)
        if noticed:
            why.append(f"run {run.name} noticed {faults}: {', '.join(noticed)}.")
        else:
            why_not.append(f"run {run.name} did not notice {faults} ({run.verdict}).")
    if why_not:
        step = "find out why the planted outage was missed before trusting the silence of others."
        return Check("control", Answer.INCONCLUSIVE, (*why_not, *why), (step, plant))
    claimed = {
        claim.name
        for run in candidates
        for claim in run.claims
        if claim.watched and claim.verdict is Verdict.PASS
    }
    if candidates and not proven & claimed:
        why.append("But none of those scenarios was judged in the candidate runs.")
        return Check("control", Answer.INCONCLUSIVE, tuple(why), (plant,))
    if unproven := sorted(claimed - proven):
        why.append(f"No planted outage has proven yet: {', '.join(unproven)}.")
    return Check("control", Answer.APPROVE, tuple(why))


def _runs(runs: Sequence[Run]) -> str:
    simulated = "simulated " if any(run.simulated for run in runs) else ""
    return f"{len(runs)} {simulated}run{'' if len(runs) == 1 else 's'}"
