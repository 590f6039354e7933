"""Backups of etcd: where snapshots are kept, what is in them, and whether they can be restored.

Knows etcd's own programs and its file, and no cluster: the same code reads the snapshots of a pass
and those that a cron job of a user leaves.
"""

from upgrade_e2e.backups.checking import (
    BackupCheck,
    CheckedSnapshot,
    CheckSettings,
    check_location,
)
from upgrade_e2e.backups.locations import (
    FolderLocation,
    Location,
    is_s3,
    naming,
    open_location,
    require_location,
)
from upgrade_e2e.backups.programs import EtcdPrograms
from upgrade_e2e.backups.s3 import S3Location
from upgrade_e2e.backups.stored_file import StoredFile
from upgrade_e2e.backups.verdict import JudgedSnapshot, SnapshotVerdict, judge_taken

__all__ = [
    "BackupCheck",
    "CheckSettings",
    "CheckedSnapshot",
    "EtcdPrograms",
    "FolderLocation",
    "JudgedSnapshot",
    "Location",
    "S3Location",
    "SnapshotVerdict",
    "StoredFile",
    "check_location",
    "is_s3",
    "judge_taken",
    "naming",
    "open_location",
    "require_location",
]
