"""The backups of a pass, one row a snapshot, and how they stand in summary and report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upgrade_e2e.backups import judge_taken
from upgrade_e2e.backups.verdict import size_in_words
from upgrade_e2e.format import NOTHING, duration, moment
from upgrade_e2e.timeline import TakenSnapshot, Timeline

__all__ = ["BACKUPS_TITLE", "BACKUP_HEADS", "BackupRow", "backup_cells", "backup_rows"]

BACKUPS_TITLE = "Snapshots of etcd, restored"
BACKUP_HEADS = ("at", "observer", "snapshot", "node", "verdict", "size", "restored in", "why")
FAILED = "failed"
UNREAD = "not read back"


@dataclass(frozen=True)
class BackupRow:
    """One snapshot: when it was begun (seconds since the origin), what it is worth, and why.

    `verdict` is one of SnapshotVerdict, or says that it failed or was not read back. `size` is in
    bytes, 0 where there is none; `revision`, `keys` and `restore_s` are None where it could not be
    restored.
    """

    observer: str
    name: str
    node: str
    start_s: float
    took_s: float
    verdict: str
    why: str
    size: int = 0
    revision: int | None = None
    keys: int | None = None
    restore_s: float | None = None


def backup_rows(timeline: Timeline) -> tuple[BackupRow, ...]:
    """A row for each snapshot of each observer of backups, in the order of time."""
    rows = [
        _row(timeline, observer, taken)
        for observer, log in timeline.backups.items()
        for taken in log.snapshots
    ]
    return tuple(sorted(rows, key=lambda row: row.start_s))


def _row(timeline: Timeline, observer: str, taken: TakenSnapshot) -> BackupRow:
    log, read = timeline.backups[observer], taken.read
    verdict, why = FAILED, taken.error
    if not taken.error and read is None:
        verdict, why = UNREAD, log.trouble
    elif read is not None:
        judged = judge_taken(taken, read, log)
        verdict, why = judged.verdict.value, judged.sentence
    return BackupRow(
        observer=observer,
        name=taken.name,
        node=taken.node,
        start_s=taken.start_s,
        took_s=taken.end_s - taken.start_s,
        verdict=verdict,
        why=why,
        size=taken.size,
        revision=read.revision if read else None,
        keys=read.keys if read else None,
        restore_s=read.restore_s if read else None,
    )


def backup_cells(rows: Sequence[BackupRow]) -> Iterator[tuple[str, ...]]:
    """Each row in words, below BACKUP_HEADS."""
    for row in rows:
        yield (
            moment(row.start_s),
            row.observer,
            row.name,
            row.node,
            row.verdict,
            size_in_words(row.size) if row.size else NOTHING,
            duration(row.restore_s),
            row.why,
        )
