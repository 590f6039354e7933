"""Planting the faults of backups: a stored snapshot is changed behind the observer's back."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from upgrade_e2e.backups import EtcdPrograms, Location
from upgrade_e2e.backups.lone_etcd import serving
from upgrade_e2e.backups.reading_back import CLUSTER_KEY
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.observers.base import KeepsBackups
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["DAMAGES", "plant_in_backups"]

_MORE_S = 120.0
"""How much later than planned the next snapshot may come."""
_KEPT_SHARE = 0.6


def plant_in_backups(fault: Fault, keepers: Sequence[KeepsBackups], scratch: Path) -> None:
    """Wait for the next snapshot of each observer of backups, and change it where it is stored.

    So the damage falls into the step that plants it. Raises FaultNotPlanted where nobody keeps
    backups, and DeadlinePassed where no snapshot comes.
    """
    if not keepers:
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: no snapshots are taken in this pass; select the "
            "scenario backup_is_restorable."
        )
    for keeper in keepers:
        name = _next_snapshot(keeper)
        with tempfile.TemporaryDirectory(prefix="plant-", dir=scratch) as folder:
            changed = DAMAGES[fault.name](keeper, name, Path(folder))
            keeper.location.store(changed, name)


def _next_snapshot(keeper: KeepsBackups) -> str:
    """The name of the next snapshot that this observer stores.

    Not of whatever comes into the place next: others may keep theirs there too.
    """
    known = frozenset(_stored(keeper))
    new = wait_for(
        f"the next snapshot in {keeper.location.shown}",
        lambda: [name for name in _stored(keeper) if name not in known],
        bool,
        Deadline(keeper.schedule_s + _MORE_S, every_s=0.2),
    )
    return new[0]


def _stored(keeper: KeepsBackups) -> list[str]:
    """The names of what it has stored up to now, the oldest first."""
    return [one.name for one in keeper.backups().snapshots if not one.error]


def _truncated(keeper: KeepsBackups, name: str, folder: Path) -> Path:
    content = _fetched(keeper.location, name, folder).read_bytes()
    return _written(content[: round(len(content) * _KEPT_SHARE)], folder)


def _flipped(keeper: KeepsBackups, name: str, folder: Path) -> Path:
    content = bytearray(_fetched(keeper.location, name, folder).read_bytes())
    content[len(content) // 2] ^= 0xFF
    return _written(bytes(content), folder)


def _stale(keeper: KeepsBackups, name: str, folder: Path) -> Path:
    """The first snapshot of the pass."""
    stored = _stored(keeper)
    older = stored[: stored.index(name)]
    if not older:
        raise FaultNotPlanted(
            f"there is no older snapshot that could take the place of {name}; plant the fault at a "
            "later step, such as backup-stale@drain."
        )
    return _fetched(keeper.location, older[0], folder)


def _foreign(keeper: KeepsBackups, name: str, folder: Path) -> Path:
    """A whole snapshot, of an etcd that belongs to another cluster."""
    del name
    return another_cluster(keeper.programs(), folder)


def another_cluster(programs: EtcdPrograms, folder: Path) -> Path:
    """A snapshot of a new etcd that holds the Namespace kube-system of a cluster of its own."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "kube-system", "uid": str(uuid.uuid4())},
    }
    made = folder / "foreign.db"
    with serving(programs, folder / "foreign", folder) as etcd:
        etcd.put(CLUSTER_KEY, json.dumps(namespace))
        etcd.save(made)
    return made


def _fetched(location: Location, name: str, folder: Path) -> Path:
    file = folder / "fetched.db"
    location.fetch(name, file)
    return file


def _written(content: bytes, folder: Path) -> Path:
    file = folder / "changed.db"
    file.write_bytes(content)
    return file


DAMAGES: Mapping[str, Callable[[KeepsBackups, str, Path], Path]] = {
    "backup-truncated": _truncated,
    "backup-flipped": _flipped,
    "backup-stale": _stale,
    "backup-foreign": _foreign,
}
"""What makes the changed file of each fault of backups, by the fault's name."""
