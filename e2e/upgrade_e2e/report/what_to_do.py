"""What to do after a pass, in a sentence or two: what helps most comes first."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.reasons import Unjudged, unjudged_of
from upgrade_e2e.report.record import RunRecord, ScenarioResult

__all__ = ["advice"]

_FINDING = "finding: "
"""How the reason of a scenario begins that is skipped for what it found in the cluster."""
_PAGE = "report.html"


def advice(run: RunRecord, *, on_page: bool = False) -> str:
    """What to do after this pass; `on_page` where report.html itself says it."""
    if run.failed_step is not None:
        return f"See below why {run.failed_step.step!r} failed; the logs of the nodes are in logs/."
    if run.verdict is Verdict.PASS:
        return _after_pass(run)
    unjudged = unjudged_of(run)
    if run.verdict is Verdict.FAIL:
        return " ".join([*_to_judge(unjudged), *_broken(run, on_page=on_page)])
    return " ".join(_nothing_proved(run, unjudged))


def _after_pass(run: RunRecord) -> str:
    if run.faults:
        return (
            "No claim noticed what was planted, so this pass is no `--control` of the gate: plant "
            "a fault that these claims are about, or a larger one."
        )
    if found := [one.name for one in run.scenarios if _is_finding(one)]:
        return (
            "Nothing needs to be done about the upgrade. Read what was found by "
            f"{', '.join(found)}: it is about the cluster, so it is skipped and no verdict."
        )
    return "Nothing needs to be done."


def _broken(run: RunRecord, *, on_page: bool) -> Iterator[str]:
    """What to do about broken claims."""
    if run.faults:
        yield (
            "Nothing is to be fixed: claims broke in a pass with a planted fault, so this pass can "
            "be used as `--control` of the gate."
        )
        return
    looked = "the timeline below" if on_page else _PAGE
    yield (
        f"Look at the time of the worst event in {looked}. What the application can tolerate goes "
        "into a --limits file with its reason; what it cannot is to be fixed first."
    )


def _nothing_proved(run: RunRecord, unjudged: Unjudged) -> Iterator[str]:
    """What to do about a pass that proves nothing."""
    skips = [one for one in run.scenarios if one.verdict is Verdict.SKIP]
    if skips and len(skips) == len(run.scenarios):
        yield (
            "Nothing is proved either way: choose scenarios that this cluster has something for, "
            "or a cluster that has what they need."
        )
        return
    yield "Nothing is proved either way."
    help_first = list(_to_judge(unjudged))
    yield from help_first or ["Fix what kept the pass from being judged, and run again."]


def _to_judge(unjudged: Unjudged) -> Iterator[str]:
    """What helps to judge the claims that could not be."""
    if unjudged.broken:
        yield (
            "Correct the scenario, then `upgrade-e2e rejudge FOLDER --scenario FILE` judges this "
            "pass again: no new pass is needed."
        )
    if unjudged.stalled:
        yield (
            f"To judge the {len(unjudged.blind)} for which the probers were blind, judge fewer "
            "scenarios at once (--scenario), or give the machine more cores."
        )


def _is_finding(result: ScenarioResult) -> bool:
    return result.verdict is Verdict.SKIP and result.explanation.startswith(_FINDING)
