"""The table of the snapshots of etcd."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.backups import SnapshotVerdict
from upgrade_e2e.report.backups import BACKUP_HEADS, BACKUPS_TITLE, backup_cells
from upgrade_e2e.report.html.tables import Column, Table, number, text
from upgrade_e2e.report.record import RunRecord

__all__ = ["backup_tables"]

_NAMES = ("start_s", "observer", "snapshot", "node", "verdict", "size_bytes", "restore_s", "why")
_NUMERIC = frozenset({"start_s", "size_bytes", "restore_s"})


def backup_tables(record: RunRecord) -> Iterator[Table]:
    """The one table, where snapshots were taken."""
    if not record.backups:
        return
    columns = [
        Column(title, name, numeric=name in _NUMERIC, wide=name == "why", whole=name == "verdict")
        for title, name in zip(BACKUP_HEADS, _NAMES, strict=True)
    ]
    rows = []
    for row, cells in zip(record.backups, backup_cells(record.backups), strict=True):
        at, observer, name, node, verdict, size, restored, why = cells
        tone = "muted" if verdict == SnapshotVerdict.WHOLE else "fail"
        rows.append(
            (
                number(at, row.start_s),
                text(observer),
                text(name),
                text(node),
                text(verdict, tone),
                number(size, row.size or None),
                number(restored, row.restore_s),
                text(why),
            )
        )
    yield Table("backups", BACKUPS_TITLE, columns, rows, stacked=True)
