"""Runs out of run directories: each pass once, also when there are copies of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.gate.places import run_folders
from upgrade_e2e.gate.run import Run, run_of
from upgrade_e2e.report import load_record

__all__ = ["Found", "read_runs", "same_pass"]


@dataclass
class Found:
    """The runs that were read.

    `damaged` says which cannot be read or trusted, and why; `copies` says which were given twice.
    """

    runs: list[Run] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    def take(self, run: Run, place: Path) -> None:
        """Add what was read at `place`, unless it is a pass that is there already."""
        known = next((other for other in self.runs if same_pass(run, other)), None)
        if known is None:
            self.runs.append(run)
        elif known == run:
            self.copies.append(f"{place} is one more copy of run {run.name}; it counts once.")
        else:
            self.damaged.append(
                f"{place} is run {known.name} again with other content (as run {run.name}): one of "
                "the two was changed after the pass, or is a new judgement of it. Give only one: "
                "as its job stored it, or as it was judged again."
            )


def read_runs(folders: Iterable[Path]) -> Found:
    """The runs in these folders or up to two levels below.

    Raises BadInput for a folder that does not exist.
    """
    found = Found()
    for folder in folders:
        for place in run_folders(folder):
            try:
                run = run_of(load_record(place))
            except DamagedRecord as error:
                found.damaged.append(str(error))
            else:
                found.take(run, place)
    return found


def same_pass(one: Run, other: Run) -> bool:
    """Whether two runs are one pass: the same id, or begun in the same microsecond."""
    return one.run_id == other.run_id or one.started_unix_s == other.started_unix_s
