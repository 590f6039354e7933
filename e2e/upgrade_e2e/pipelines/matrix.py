"""Which paths a CI job walks, as a matrix of GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from upgrade_e2e.bumps import Walks
from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade import Path
from upgrade_e2e.version import KubeVersion, MinorVersion, newest_patch

__all__ = [
    "MOST_JOBS",
    "Matrix",
    "MatrixEntry",
    "build_matrix",
    "matrix_of_answer",
    "neighbouring_paths",
]

MOST_JOBS = 256
"""GitHub Actions: a matrix makes at most 256 jobs in a workflow run."""


@dataclass(frozen=True)
class MatrixEntry:
    """One job: a path, which repetition of it, and the fault planted in it (empty for none)."""

    path: Path
    run: int = 1
    fault: str = ""

    @property
    def name(self) -> str:
        """A name for a job or an artifact: `v1.33.7-v1.34.3_run-1`.

        The part before the `_` is the path alone, so that a pattern can ask for one path and
        does not get a longer one that begins alike.
        """
        return f"{self.path.id}_{'control' if self.fault else 'run'}-{self.run}"


@dataclass(frozen=True)
class Matrix:
    """The jobs of a CI run; none when a change asks for no upgrade that can be walked.

    `unknown` is how many places of the change somebody must look at.
    """

    entries: tuple[MatrixEntry, ...]
    unknown: int = 0

    def render(self) -> str:
        """The jobs for people, one line each."""
        if not self.entries:
            return self._why_nothing_runs()
        return "\n".join(
            f"{entry.path}{f'  planted: {entry.fault}' if entry.fault else f'  run {entry.run}'}"
            for entry in self.entries
        )

    def _why_nothing_runs(self) -> str:
        if not self.unknown:
            return "The change asks for no upgrade: nothing to run."
        places = "1 place is" if self.unknown == 1 else f"{self.unknown} places are"
        return f"No path to walk, and {places} unknown: standard error says which, and why."

    def to_json(self) -> str:
        """The jobs for `strategy.matrix`, on one line; docs/ci.md describes the keys."""
        include = [
            {
                "name": entry.name,
                "path": ",".join(map(str, entry.path.versions)),
                "path_id": entry.path.id,
                "from": str(entry.path.versions[0]),
                "to": str(entry.path.versions[-1]),
                "run": entry.run,
                "fault": entry.fault,
            }
            for entry in self.entries
        ]
        return json.dumps({"include": include})


def neighbouring_paths(
    known: Sequence[KubeVersion], *, most_hops: int = 1, newest: int | None = None
) -> tuple[Path, ...]:
    """The paths between neighbouring minors, each at its newest patch, of 1 to `most_hops` hops.

    Pre-releases count only for minors that have nothing else. `newest` keeps only the paths that
    end at one of so many newest minors. Raises BadInput when there is no path.
    """
    if most_hops < 1 or (newest is not None and newest < 1):
        raise BadInput("hops and newest minors are counts of 1 or more.")
    minors = sorted({version.minor_version for version in known})
    kept = set(minors if newest is None else minors[-newest:])
    paths = tuple(
        Path(tuple(newest_patch(minor, list(known)) for minor in walked))
        for walked in _walks(minors, most_hops)
        if walked[-1] in kept
    )
    if not paths:
        names = ", ".join(map(str, minors)) or "none"
        raise BadInput(
            f"no two neighbouring minors are known (known: {names}); name versions that follow "
            "one another, like v1.33.7 v1.34.3, or add images with --image-for."
        )
    return paths


def matrix_of_answer(answer: Walks, *, runs: int = 1, faults: Sequence[str] = ()) -> Matrix:
    """The jobs for the paths that a change asks for; none when it asks for none."""
    paths = tuple(answer.paths)
    made = build_matrix(paths, runs=runs, faults=faults) if paths else Matrix(())
    return replace(made, unknown=len(answer.unknown))


def build_matrix(paths: Sequence[Path], *, runs: int = 1, faults: Sequence[str] = ()) -> Matrix:
    """`runs` jobs per path, and one more for each fault: the positive controls.

    Raises BadInput for no path, a path given twice, and more jobs than a matrix can have.
    """
    if runs < 1:
        raise BadInput("the number of runs per path must be 1 or more.")
    if not paths or len(set(paths)) != len(paths):
        raise BadInput("a matrix needs at least one path, and each only once.")
    entries = tuple(
        entry
        for path in paths
        for entry in (
            *(MatrixEntry(path, run) for run in range(1, runs + 1)),
            *(MatrixEntry(path, number, fault) for number, fault in enumerate(faults, start=1)),
        )
    )
    if len(entries) > MOST_JOBS:
        raise BadInput(
            f"{len(entries)} jobs are more than the {MOST_JOBS} of a matrix; ask for fewer hops, "
            "runs or minors."
        )
    return Matrix(entries)


def _walks(minors: Sequence[MinorVersion], most_hops: int) -> Iterator[tuple[MinorVersion, ...]]:
    known = set(minors)
    for first in minors:
        walked = [first]
        while len(walked) <= most_hops and walked[-1].next() in known:
            walked.append(walked[-1].next())
            yield tuple(walked)
