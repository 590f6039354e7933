"""Versions that came and went: which of them are one version that was moved or renamed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from upgrade_e2e.bumps.sightings import Sighting, Turn

__all__ = ["Pairs", "pair_up"]

_ALIKE = 0.75


@dataclass(frozen=True)
class Pairs:
    """Turns that belong together, and the sightings that are left alone.

    `guessed` are turns between files that only may be one file.
    """

    sure: tuple[Turn, ...]
    guessed: tuple[Turn, ...]
    gone: tuple[Sighting, ...]
    come: tuple[Sighting, ...]


def pair_up(gone: Sequence[Sighting], come: Sequence[Sighting]) -> Pairs:
    """Each version that came, with the one that it replaces.

    First what only moved goes away. Then the nearest places are tried: the same block under
    another key, the same key elsewhere in the file, elsewhere in the file, a file of about the
    same name, one in the same folder. What is left is guessed when only one version went and only
    one came.
    """
    left_gone, left_come = list(gone), list(come)
    _take(left_gone, left_come, _is_moved)
    sure: list[Turn] = []
    for nearest in (_is_renamed, _has_same_key, _is_in_file, _is_in_renamed_file, _is_next_door):
        sure += _take(left_gone, left_come, nearest)
    guessed: list[Turn] = []
    if len(_versions(left_gone)) == len(_versions(left_come)) == 1:
        guessed = _take(left_gone, left_come, _has_same_key)
        guessed += _take(left_gone, left_come, lambda _gone, _come: True)
    # A second worker node that came with the new version is no version of its own.
    known = {turn.last.seen.scalar.value for turn in sure}
    come_left = [one for one in left_come if one.seen.scalar.value not in known]
    return Pairs(tuple(sure), tuple(guessed), tuple(left_gone), tuple(come_left))


def _take(
    gone: list[Sighting], come: list[Sighting], fits: Callable[[Sighting, Sighting], bool]
) -> list[Turn]:
    """Take out the pairs that fit, in order."""
    found = []
    for after in list(come):
        before = next((one for one in gone if fits(one, after)), None)
        if before is not None:
            found.append(Turn(before, after))
            gone.remove(before)
            come.remove(after)
    return found


def _versions(sightings: Sequence[Sighting]) -> set[str]:
    return {one.mention.version for one in sightings if one.mention}


def _is_moved(gone: Sighting, come: Sighting) -> bool:
    return (
        gone.mention is not None
        and come.mention is not None
        and (
            gone.mention.version == come.mention.version
            and gone.mention.image == come.mention.image
        )
    )


def _is_renamed(gone: Sighting, come: Sighting) -> bool:
    return _is_in_file(gone, come) and gone.seen.place.path[:-1] == come.seen.place.path[:-1]


def _has_same_key(gone: Sighting, come: Sighting) -> bool:
    return _is_in_file(gone, come) and gone.seen.place.key == come.seen.place.key


def _is_in_file(gone: Sighting, come: Sighting) -> bool:
    return gone.file == come.file


def _is_in_renamed_file(gone: Sighting, come: Sighting) -> bool:
    """Whether only a version in the path differs, or a folder far up."""
    old, new = (re.sub(r"v?\d+([._-]\d+)*", "#", one.file) for one in (gone, come))
    is_alike = difflib.SequenceMatcher(None, old, new).ratio() > _ALIKE
    return old == new or (is_alike and PurePosixPath(old).name == PurePosixPath(new).name)


def _is_next_door(gone: Sighting, come: Sighting) -> bool:
    return (
        PurePosixPath(gone.file).parent == PurePosixPath(come.file).parent
        and gone.seen.place.key == come.seen.place.key
    )
