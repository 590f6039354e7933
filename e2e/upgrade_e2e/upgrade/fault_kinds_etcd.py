"""Faults of etcd and of its backups."""

from __future__ import annotations

from upgrade_e2e.upgrade.fault_kind import KIND, FaultKind
from upgrade_e2e.upgrade.fault_values import nothing, seconds

__all__ = ["IN_BACKUPS", "IN_ETCD"]

_BACKUPS = "the scenario backup_is_restorable"

IN_ETCD = (
    FaultKind(
        "etcd-freeze",
        "etcd-freeze=20s@drain",
        "one member of etcd does not answer; without others, neither does the API",
        "the process of the last control plane's member stops for the given time, then goes on",
        seconds,
        "nodes",
        KIND,
    ),
    FaultKind(
        "etcd-cut-off",
        "etcd-cut-off=20s@drain",
        "one member of etcd has no leader, and what asks it fails",
        "every packet between the last control plane's member and the others is dropped for the "
        "given time",
        seconds,
        "nodes",
        KIND,
        needs="--control-planes 3",
        control_planes=2,
    ),
    FaultKind(
        "etcd-no-space",
        "etcd-no-space=5s@drain",
        "etcd refuses every write, as when a database has reached its quota",
        "the alarm NOSPACE is raised for the given time, then disarmed",
        seconds,
        "nodes",
        KIND,
    ),
)
"""Planted by providers."""
IN_BACKUPS = (
    FaultKind(
        "backup-truncated",
        "backup-truncated",
        "a snapshot of etcd lacks its end, and cannot be restored",
        "of the next snapshot of etcd, 40 % are cut off where it is stored",
        nothing,
        "backups",
        KIND,
        needs=_BACKUPS,
    ),
    FaultKind(
        "backup-flipped",
        "backup-flipped",
        "a snapshot of etcd has a wrong byte, and is refused when it is restored",
        "one byte of the next snapshot of etcd is changed where it is stored",
        nothing,
        "backups",
        KIND,
        needs=_BACKUPS,
    ),
    FaultKind(
        "backup-stale",
        "backup-stale",
        "a snapshot of etcd is of an earlier time than its name says",
        "the next snapshot of etcd is replaced by the first one of the pass",
        nothing,
        "backups",
        KIND,
        needs=_BACKUPS,
    ),
    FaultKind(
        "backup-foreign",
        "backup-foreign",
        "a snapshot of etcd is whole, and of another cluster",
        "the next snapshot of etcd is replaced by one of another cluster",
        nothing,
        "backups",
        KIND,
        needs=_BACKUPS,
    ),
)
"""Planted in what observers have stored."""
