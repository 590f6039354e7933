"""From run directories into a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.gate.history import Added, History
from upgrade_e2e.gate.places import not_a_folder
from upgrade_e2e.gate.reading import read_runs

__all__ = ["Kept", "keep_runs"]


@dataclass(frozen=True)
class Kept:
    """What came into a history; `damaged` is what could not be read, as sentences."""

    added: Added
    damaged: tuple[str, ...]

    def render(self) -> str:
        """What was done, one line each."""
        lines = [f"{self.added.new} new, {self.added.known} known already."]
        return "\n".join([*lines, *(f"left out: {sentence}" for sentence in self.damaged)])


def keep_runs(folders: Sequence[Path], history: Path) -> Kept:
    """Add the runs in these folders to the history at `history`, created when it is missing.

    A damaged run, and a file that a pattern such as `n/*` caught, are left out and named in the
    result; the others are kept. Raises as `History.writing`, and BadInput for a folder that does
    not exist, and where there are only files.
    """
    files = [place for place in folders if place.is_file()]
    found = read_runs([place for place in folders if place not in files] or files)
    with History.writing(history) as opened:
        added = opened.add(found.runs)
    return Kept(added, (*found.damaged, *map(not_a_folder, files)))
