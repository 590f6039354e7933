"""The runs of a decision: read from run directories and a history, and sorted by their part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.errors import BadInput, DamagedRecord, DeadlinePassed
from upgrade_e2e.gate.comparable import loosened_sight
from upgrade_e2e.gate.differing import Difference, differences, is_unknown, unlike
from upgrade_e2e.gate.history import LOCK_TIMEOUT_S, History
from upgrade_e2e.gate.reading import Found, read_runs, same_pass
from upgrade_e2e.gate.run import Run
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.gate.sight import sight_problems
from upgrade_e2e.judge import Verdict

__all__ = ["ComparedRuns", "gather"]


@dataclass(frozen=True)
class ComparedRuns:
    """What a decision rests on.

    `damaged` are candidates that cannot be read, as sentences; `notes` say what was left out of
    baseline and controls, and why.
    """

    candidates: tuple[Run, ...]
    baseline: tuple[Run, ...] = ()
    controls: tuple[Run, ...] = ()
    damaged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """All of them, the candidates first."""
        return (*self.candidates, *self.controls, *self.baseline)

    @property
    def simulated(self) -> bool:
        """Whether some were made on a simulated cluster: then no answer is about a real one."""
        return any(run.simulated for run in self.runs)


@dataclass
class _Sorting:
    """Runs by their part; `open_parts` are those that were not given: the history fills them."""

    baseline: list[Run]
    controls: list[Run]
    notes: list[str]
    open_parts: frozenset[str]


def gather(
    folders: Sequence[Path],
    *,
    baseline: Sequence[Path] = (),
    controls: Sequence[Path] = (),
    history: Path | None = None,
    history_timeout_s: float = LOCK_TIMEOUT_S,
    settings: GateSettings | None = None,
) -> ComparedRuns:
    """The runs in `folders` as candidates, with the runs to compare them with.

    A run with planted faults is a positive control wherever it is found. Without `baseline`, the
    newest runs of the history that walked the same path with the same settings are the baseline;
    its newest control is used where none is given. What is given but cannot be used is not
    replaced from the history. Runs that did not PASS, or were blind, are not
    used as baseline. Raises BadInput for a folder without a run, and for runs of different paths,
    providers or settings; a damaged run is named in the result, not raised. Baseline and controls
    may differ from the candidates in how their clusters were prepared: see `unlike`.
    """
    found = read_runs(folders)
    candidates = [run for run in found.runs if not run.faults]
    sorting = _sort(found, baseline, controls)
    if everything := (*candidates, *sorting.controls, *sorting.baseline):
        like = _best_known(everything)
        if candidates:
            _refuse_mixed(_best_known(candidates), candidates, differences)
        _refuse_mixed(like, everything, unlike)
        _refuse_both(candidates, sorting.baseline)
        if history is not None:
            _ask(history, history_timeout_s, like, sorting, candidates)
    return ComparedRuns(
        candidates=tuple(candidates),
        baseline=_fit_for_baseline(sorting, settings or GateSettings()),
        controls=tuple(_same_limits(sorting, candidates)),
        damaged=tuple(found.damaged),
        notes=tuple(sorting.notes),
    )


def _sort(found: Found, baseline: Sequence[Path], controls: Sequence[Path]) -> _Sorting:
    given = {"baseline": baseline, "control": controls}
    open_parts = frozenset(part for part, folders in given.items() if not folders)
    planted = [run for run in found.runs if run.faults]
    sorting = _Sorting([], planted, [*found.copies], open_parts)
    for part, folders in given.items():
        read = read_runs(folders)
        left_out = (*read.damaged, *read.copies)
        sorting.notes += [f"left out of the {part}: {sentence}" for sentence in left_out]
        faultless = [run for run in read.runs if not run.faults]
        if part == "control" and faultless:
            raise BadInput(
                f"run {faultless[0].name} was given as a positive control but nothing was planted "
                "in it; make one with --fault, `upgrade-e2e faults` lists them."
            )
        sorting.baseline += faultless
        sorting.controls += [run for run in read.runs if run.faults]
    return sorting


def _best_known(runs: Sequence[Run]) -> Run:
    return max(runs, key=lambda run: (bool(run.nodes), bool(run.facts)))


def _refuse_mixed(
    like: Run, runs: Sequence[Run], between: Callable[[Run, Run], list[Difference]]
) -> None:
    for run in runs:
        for found in between(like, run):
            raise BadInput(
                f"runs {like.name} and {run.name} differ in {found.what}: {found.one} and "
                f"{found.other}; a decision compares runs of one path on one provider, on clusters "
                "of one kind, with the same settings."
            )


def _refuse_both(candidates: Sequence[Run], baseline: Sequence[Run]) -> None:
    for run in candidates:
        for other in baseline:
            if same_pass(run, other):
                raise BadInput(
                    f"run {run.name} is both candidate and baseline; give each run to one side."
                )


def _ask(
    history: Path, timeout_s: float, like: Run, sorting: _Sorting, taken: Sequence[Run]
) -> None:
    try:
        with History.reading(history, timeout_s) as opened:
            _draw_on(opened, like, sorting, taken)
    except (DamagedRecord, DeadlinePassed) as error:
        sorting.notes.append(f"the history was left out: {error}")


def _draw_on(history: History, like: Run, sorting: _Sorting, taken: Sequence[Run]) -> None:
    known = history.runs(path=like.path, provider=like.provider)
    others = [run for run in known if not any(same_pass(run, other) for other in taken)]
    same = _most_alike(like, others)
    if len(same) < len(others):
        differing = next(run for run in others if run not in same)
        first = differences(like, differing)[0]
        sorting.notes.append(
            f"left out of the history: {len(others) - len(same)} of {len(others)} runs of this "
            f"path, made with other settings or on another kind of cluster (run {differing.name}: "
            f"{first.what} {first.other}, not {first.one})."
        )
    if "baseline" in sorting.open_parts:
        sorting.baseline += [run for run in same if not run.faults]
    if "control" in sorting.open_parts and not sorting.controls:
        sorting.controls += [run for run in same if run.faults][-1:]


def _most_alike(like: Run, runs: Sequence[Run]) -> list[Run]:
    """Runs that differ in nothing; without a baseline among them, also those `unlike` allows."""
    same = [run for run in runs if not differences(like, run)]
    if any(not run.faults for run in same):
        return same
    return [run for run in runs if not unlike(like, run)]


def _fit_for_baseline(sorting: _Sorting, settings: GateSettings) -> tuple[Run, ...]:
    fit = []
    for run in sorting.baseline:
        if run.verdict is not Verdict.PASS:
            sorting.notes.append(f"left out of the baseline: run {run.name} is {run.verdict}.")
        elif is_unknown(run):
            sorting.notes.append(
                f"left out of the baseline: run {run.name} upgraded a cluster that was there "
                "already, and left no facts that it could be compared by."
            )
        elif problems := (*sight_problems(run), *loosened_sight((run,))):
            sorting.notes.append(f"left out of the baseline: {problems[0]}")
        else:
            fit.append(run)
    return tuple(sorted(fit, key=lambda run: run.started_unix_s)[-settings.most_runs :])


def _same_limits(sorting: _Sorting, candidates: Sequence[Run]) -> Iterable[Run]:
    for run in sorting.controls:
        other = [candidate for candidate in candidates if candidate.limits != run.limits]
        if other:
            sorting.notes.append(
                f"left out of the controls: run {run.name} was held to other limits than "
                f"run {other[0].name}."
            )
        else:
            yield run
