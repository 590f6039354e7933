"""Checking the snapshots of a location: are they whole, recent, and of the right cluster?"""

from __future__ import annotations

import fnmatch
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.backups.locations import Location
from upgrade_e2e.backups.programs import EtcdPrograms
from upgrade_e2e.backups.reading_back import read_back_snapshot
from upgrade_e2e.backups.stored_file import StoredFile
from upgrade_e2e.backups.verdict import (
    Flaw,
    SnapshotVerdict,
    cluster_flaw,
    file_flaw,
    size_in_words,
    whole_sentence,
)
from upgrade_e2e.errors import BadInput
from upgrade_e2e.format import duration, setting
from upgrade_e2e.timeline.backups import ReadBack

__all__ = ["BackupCheck", "CheckSettings", "CheckedSnapshot", "check_location"]

_SKEW_S = 300.0
"""Own choice: clocks that are further apart make an age worth nothing."""


@dataclass(frozen=True)
class CheckSettings:
    """What is asked of a location.

    `newest` is how many snapshots are restored, those of names like `pattern`. The newest of all
    may be `max_age_s` old (86 400 s is Gardener's alert on the age of a full snapshot), and
    at most `size_factor` times larger or smaller than the one before. `cluster` is the UID of the
    Namespace kube-system that each must hold; empty means that of the oldest one that is looked at.
    Raises BadInput for what makes no sense.
    """

    pattern: str = "*.db"
    newest: int = 2
    max_age_s: float = 86_400.0
    size_factor: float = 2.0
    cluster: str = ""

    def __post_init__(self) -> None:
        if self.newest < 1:
            raise BadInput(f"{self.newest} snapshots to check are none; give 1 or more.")
        if not self.max_age_s > 0:
            raise BadInput(f"an age of {setting(self.max_age_s)} is none; give more than 0.")
        if not self.size_factor >= 1:
            raise BadInput(f"a size factor of {self.size_factor:g} allows no size; give 1 or more.")


@dataclass(frozen=True)
class CheckedSnapshot:
    """One snapshot of a location, with its age in seconds, its verdict, and why."""

    file: StoredFile
    age_s: float
    verdict: SnapshotVerdict
    sentence: str
    read: ReadBack


@dataclass(frozen=True)
class BackupCheck:
    """What was found, the newest snapshot first; `problems` are sentences, none when all is well.

    `unknown` are sentences about what could not be found out. `count` is how many snapshots there
    are, those that were not looked at included.
    """

    location: str
    count: int
    snapshots: tuple[CheckedSnapshot, ...]
    problems: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def check_location(
    location: Location, programs: EtcdPrograms, settings: CheckSettings, now_unix_s: float
) -> BackupCheck:
    """Restore the newest snapshots of a location, and compare them with what is asked.

    Raises BadInput where the location cannot be used.
    """
    everything = location.files()
    found = [file for file in everything if fnmatch.fnmatch(file.name, settings.pattern)]
    chosen = found[-settings.newest :]
    with tempfile.TemporaryDirectory(prefix="upgrade-e2e-backup-") as scratch:
        reads = [
            read_back_snapshot(location, file.name, programs, Path(scratch)) for file in chosen
        ]
    checked = tuple(_judged(chosen, reads, settings, now_unix_s))
    problems = (
        *_absence(location, len(everything), chosen, settings),
        *(f"{one.file.name} is {one.verdict}: {one.sentence}" for one in checked if _bad(one)),
        *_sizes(checked, settings),
    )
    return BackupCheck(
        location.shown, len(found), checked[::-1], problems, tuple(_unknown(checked, settings))
    )


def _judged(
    files: Sequence[StoredFile], reads: Sequence[ReadBack], settings: CheckSettings, now_s: float
) -> Iterator[CheckedSnapshot]:
    """From the oldest to the newest, each next to the whole one before."""
    cluster = settings.cluster or next((read.cluster for read in reads if read.cluster), "")
    before: tuple[StoredFile, ReadBack] | None = None
    for file, read in zip(files, reads, strict=True):
        age_s = now_s - file.modified_unix_s
        flaw = (
            file_flaw(read)
            or cluster_flaw(read, cluster)
            or _not_newer(read, before)
            or (_age_flaw(age_s, settings) if file is files[-1] else None)
        )
        verdict, sentence = flaw or (SnapshotVerdict.WHOLE, whole_sentence(read))
        yield CheckedSnapshot(file, age_s, verdict, sentence, read)
        if flaw is None:
            before = file, read


def _not_newer(read: ReadBack, before: tuple[StoredFile, ReadBack] | None) -> Flaw | None:
    """A cluster that lives renews its Leases every few seconds, so its revision always grows."""
    if before is None or read.revision is None or before[1].revision is None:
        return None
    if read.revision > before[1].revision:
        return None
    return SnapshotVerdict.STALE, (
        f"Its revision {read.revision} is not above that of {before[0].name} "
        f"({before[1].revision}), which is older by its date."
    )


def _age_flaw(age_s: float, settings: CheckSettings) -> Flaw | None:
    if age_s <= settings.max_age_s:
        return None
    return SnapshotVerdict.STALE, (
        f"It is the newest one, and {duration(age_s)} old (at most {duration(settings.max_age_s)})."
    )


def _bad(one: CheckedSnapshot) -> bool:
    return one.verdict is not SnapshotVerdict.WHOLE


def _absence(
    location: Location, files: int, chosen: Sequence[StoredFile], settings: CheckSettings
) -> Iterator[str]:
    if not chosen:
        others = f"; it has {files} other files" if files else ""
        yield (
            f"{location.shown} has no snapshot with a name like {settings.pattern}{others}. See "
            "whether the job that takes them runs, or name them with --match."
        )


def _sizes(checked: Sequence[CheckedSnapshot], settings: CheckSettings) -> Iterator[str]:
    whole = [one for one in checked if not _bad(one)]
    for before, after in itertools.pairwise(whole):
        small, large = sorted((before.read.size, after.read.size))
        if large > settings.size_factor * small:
            yield (
                f"{after.file.name} has {size_in_words(after.read.size)}, and "
                f"{before.file.name}, the one before, has {size_in_words(before.read.size)}: more "
                f"than {settings.size_factor:g} times apart. See what was added or lost."
            )


def _unknown(checked: Sequence[CheckedSnapshot], settings: CheckSettings) -> Iterator[str]:
    for one in checked:
        if one.age_s < -_SKEW_S:
            yield (
                f"{one.file.name} is dated {duration(-one.age_s)} in the future, so its age is not "
                "known; see the clocks of this machine and of the one that stores snapshots."
            )
        if one.read.encrypted and settings.cluster:
            yield (
                f"{one.file.name} holds encrypted values, so it is not known whether it is of the "
                f"cluster {settings.cluster}."
            )
