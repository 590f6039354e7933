"""Where runs lie: run directories, folders of them, and what killed passes leave."""

from __future__ import annotations

from pathlib import Path

from upgrade_e2e.errors import BadInput
from upgrade_e2e.report.record import RECORD_NAME

__all__ = ["not_a_folder", "run_folders"]

_DEPTH = ("*/", "*/*/")
_LEFTOVERS = (".pass-begun", "samples", "work", RECORD_NAME + ".part")


def run_folders(folder: Path) -> list[Path]:
    """The run directories that `folder` means: itself, or those up to two levels below it.

    What lies in a run directory is part of that run: new judgements of it (`rejudged-1`) count
    only where they are named themselves. A pass that was killed leaves its other files but no
    record; its folder is among them, so that it does not go unnoticed. Itself if there is none
    below. Raises BadInput when it is no folder.
    """
    if not folder.is_dir():
        raise BadInput(not_a_folder(folder))
    if (folder / RECORD_NAME).exists():
        return [folder]
    below: list[Path] = []
    for depth in _DEPTH:
        inside = [place for place in sorted(folder.glob(depth)) if place.parent not in below]
        below += [place for place in inside if _is_run(place)]
    return sorted(below) or [folder]


def not_a_folder(place: Path) -> str:
    """What is said of a place that is no directory."""
    return (
        f"{place} is not a directory; name the --artifacts-dir of a run, or a directory of such "
        "directories."
    )


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in (RECORD_NAME, *_LEFTOVERS))
