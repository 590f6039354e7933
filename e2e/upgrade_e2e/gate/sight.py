"""Whether the probers of a run saw enough of the pass: one condition of an approval.

An observer is held to what its claims are held to. Claims ask for `instrument.min_samples` of every
observer but one: snapshots of etcd are few by their schedule, one in 30 s, so that no pass of a
usual length has that many. Claims about them ask instead that one is whole before the upgrade and
one after it, that none was late (`backup.age_s`), and that there were enough writes to miss. So two
snapshots are the least. Whether a schedule was as dense as that of the baseline is asked where runs
are compared (see comparable.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upgrade_e2e.format import share
from upgrade_e2e.gate.decision import Answer, Check
from upgrade_e2e.gate.run import Figure, Run

__all__ = ["check_sight", "sight_problems"]

MOST_BLIND = 0.5
FEWEST_SAMPLES = 30
"""These hold with any limits: a run that missed half of a pass, or saw almost nothing, proves
nothing about a version."""
SNAPSHOTS = "backup"
"""The kind of observers whose samples are snapshots of etcd."""
FEWEST_SNAPSHOTS = 2
"""One from before the upgrade, and one from after it."""

_SEE_MORE = "give the probers more CPU or a lower rate, and run again."
_LONGER = "watch for longer (--watch-before, --watch-after, alike in all runs)"
_TAKE_MORE = f"{_LONGER} or probe faster, and run again."
_KEEP_MORE = f"{_LONGER} or take snapshots more often, and run again."
_WATCH = "choose a scenario that watches something, and run again."


@dataclass(frozen=True)
class _Problem:
    """What a run did not see, as a sentence, and what helps against that."""

    said: str
    step: str


def check_sight(candidates: Sequence[Run]) -> Check:
    """The probers of each run saw enough of the pass."""
    problems = [problem for run in candidates for problem in _problems(run)]
    if problems:
        steps = tuple(dict.fromkeys(problem.step for problem in problems))
        return Check("sight", Answer.INCONCLUSIVE, tuple(p.said for p in problems), steps)
    shares = [
        figure.value
        for run in candidates
        for observer in run.observers
        if (figure := run.figure(observer, "blind_share")) is not None
    ]
    if not shares:
        return Check("sight", Answer.INCONCLUSIVE, ("nothing was watched.",))
    return Check("sight", Answer.APPROVE, (f"blind for at most {share(max(shares))} of a pass.",))


def sight_problems(run: Run) -> tuple[str, ...]:
    """Why this run saw too little to be evidence; empty if it saw enough."""
    return tuple(problem.said for problem in _problems(run))


def _problems(run: Run) -> Iterator[_Problem]:
    if not run.observers:
        yield _Problem(f"run {run.name} has no observer.", _WATCH)
    for observer in run.observers:
        yield from _blind(run, observer)
        yield from _few(run, observer)


def _blind(run: Run, observer: str) -> Iterator[_Problem]:
    most = min(MOST_BLIND, run.limit("instrument.blind_share"))
    blind = run.figure(observer, "blind_share")
    if blind is None or not blind.value <= most:
        unseen = "an unknown share" if blind is None else share(blind.value)
        yield _Problem(
            f"run {run.name}: {observer} did not see {unseen} of the pass "
            f"(at most {share(most)}, instrument.blind_share).",
            _SEE_MORE,
        )


def _few(run: Run, observer: str) -> Iterator[_Problem]:
    count = _count(run.figure(observer, "samples"))
    if observer.partition("-")[0] == SNAPSHOTS:
        if count < FEWEST_SNAPSHOTS:
            yield _Problem(
                f"run {run.name}: {observer} has {count} of the {FEWEST_SNAPSHOTS} snapshots that "
                "are the least, one before the upgrade and one after it.",
                _KEEP_MORE,
            )
        return
    fewest = max(FEWEST_SAMPLES, run.limit("instrument.min_samples"))
    if not count >= fewest:
        yield _Problem(
            f"run {run.name}: {observer} has {count} samples that count "
            f"(at least {fewest:g}, instrument.min_samples).",
            _TAKE_MORE,
        )


def _count(samples: Figure | None) -> int:
    return 0 if samples is None else int(samples.value)
