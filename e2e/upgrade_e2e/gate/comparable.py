"""Whether the runs of a decision made the same claims in the same way: pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from upgrade_e2e.format import duration
from upgrade_e2e.gate.differing import prepared_otherwise
from upgrade_e2e.gate.run import WHOLE, Run
from upgrade_e2e.judge import Limits, Verdict

__all__ = ["comparability_problems", "differing_limits", "loosened_sight", "unasked", "unjudged"]

MEASURING = ("instrument.late_s", "instrument.asleep_share", "instrument.quiet_s")
"""Limits that decide what counts as seen. A looser one hides blindness from the figures."""
SLOW = "slow."
"""The group of limits after which an answer is slow: `slow_ratio` is counted by them."""
MOST_SLOWER = 2.0


def comparability_problems(
    candidates: Sequence[Run], baseline: Sequence[Run], controls: Sequence[Run]
) -> Iterator[str]:
    """Why these runs cannot be weighed against one another, one sentence each."""
    if names := unasked(candidates):
        yield f"not every run was asked about {', '.join(names)}."
    if names := unjudged(candidates, baseline):
        yield f"the baseline was judged by {', '.join(names)}, and no candidate was."
    yield from differing_limits(candidates)
    yield from _prepared(candidates, baseline, "baseline")
    yield from _prepared(candidates, controls, "control")
    yield from _slow_from(candidates, baseline)
    yield from _slower(candidates, baseline, "baseline")
    yield from _slower(candidates, controls, "control")
    yield from loosened_sight((*candidates, *controls))


def unasked(runs: Sequence[Run]) -> list[str]:
    """The claims that some runs made and others did not."""
    claimed = [{claim.name for claim in run.claims} for run in runs]
    everything = {name for names in claimed for name in names}
    return sorted(name for name in everything if not all(name in names for names in claimed))


def unjudged(candidates: Sequence[Run], baseline: Sequence[Run]) -> list[str]:
    """The claims that held in the baseline and were skipped by, or unknown to, all candidates."""
    if not candidates:
        return []
    return sorted(_held(baseline) - {name for run in candidates for name in _judged(run)})


def differing_limits(candidates: Sequence[Run]) -> Iterator[str]:
    """The limits that differ between the candidates."""
    keys = sorted({key for run in candidates for key in run.limits})
    for key in keys:
        values = sorted({run.limit(key) for run in candidates})
        if len(values) > 1:
            shown = " and ".join(f"{value:g}" for value in values)
            yield f"the runs were held to different limits: {key} = {shown}."


def loosened_sight(runs: Sequence[Run]) -> Iterator[str]:
    """Where a limit was loosened that separates a blind prober from one that sees."""
    defaults = {row.key: row.value for row in Limits.default().table}
    for run in runs:
        for key in MEASURING:
            if run.limit(key) > defaults[key]:
                yield (
                    f"run {run.name} was made with {key} = {run.limit(key):g} (default "
                    f"{defaults[key]:g}): where its probers were blind does not show."
                )


def _prepared(candidates: Sequence[Run], others: Sequence[Run], side: str) -> Iterator[str]:
    for other in others if candidates else ():
        if found := prepared_otherwise(candidates[0], other):
            yield (
                f"the clusters of candidates and {side} were prepared differently "
                f"({found.what}: {found.one} and {found.other}): that can show that the candidates "
                "are worse, not that they are as good."
            )
            return


def _slower(candidates: Sequence[Run], others: Sequence[Run], side: str) -> Iterator[str]:
    for observer in sorted({name for run in candidates for name in run.observers}):
        mine, theirs = _rate_hz(candidates, observer), _rate_hz(others, observer)
        if mine and theirs and theirs > MOST_SLOWER * mine:
            yield (
                f"{observer} took {mine:.3g} samples a second, {theirs:.3g} in the {side}: "
                "probing so much slower, it would miss what was seen there."
            )


def _slow_from(candidates: Sequence[Run], baseline: Sequence[Run]) -> Iterator[str]:
    """Where slow answers of the two sides were counted from other lengths of time on."""
    for key in (row.key for row in Limits.default().table if row.key.startswith(SLOW)):
        mine, theirs = _limits_of(candidates, key), _limits_of(baseline, key)
        if mine and theirs and mine != theirs:
            yield (
                f"an answer counts as slow after {_shown(mine)} in the candidates and after "
                f"{_shown(theirs)} in the baseline ({key}): their shares of slow answers cannot be "
                "compared."
            )


def _limits_of(runs: Sequence[Run], key: str) -> set[float]:
    """The values of the runs that counted slow answers, which the earliest did not."""
    return {
        run.limit(key) for run in runs if any(one.metric == "slow_ratio" for one in run.figures)
    }


def _shown(lengths_s: set[float]) -> str:
    return " or ".join(duration(length_s) for length_s in sorted(lengths_s))


def _rate_hz(runs: Sequence[Run], observer: str) -> float | None:
    rates = [
        samples.value / whole.value
        for run in runs
        if (samples := run.figure(observer, "samples")) is not None
        and (whole := run.figure(WHOLE, "duration_s")) is not None
        and whole.value > 0
    ]
    return median(rates) if rates else None


def _held(runs: Sequence[Run]) -> set[str]:
    return {c.name for run in runs for c in run.claims if c.verdict is Verdict.PASS}


def _judged(run: Run) -> Iterator[str]:
    yield from (claim.name for claim in run.claims if claim.verdict is not Verdict.SKIP)
