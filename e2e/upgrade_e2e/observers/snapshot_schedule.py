"""Taking a snapshot of etcd every so many seconds, and storing it."""

from __future__ import annotations

import hashlib
import itertools
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from upgrade_e2e.backups import Location
from upgrade_e2e.cluster import Node
from upgrade_e2e.cluster.etcd_access import (
    FOLDER,
    clean_node,
    fetch_snapshot,
    prepare_node,
    save_snapshot,
)
from upgrade_e2e.errors import CommandFailed, E2eError
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.timeline import TakenSnapshot

__all__ = ["SnapshotSchedule"]

_LAST_S = 15.0
"""Nobody waits longer for the last snapshot, since watching has ended."""
_MOST_WORDS = 300
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SnapshotSchedule:
    """Snapshots named `NAME-NUMBER.db`; the next one waits for the one before.

    They are taken on `nodes` in turn; where one gives none, the others are asked at once.
    """

    context: DeployContext
    nodes: tuple[Node, ...]
    location: Location
    name: str
    every_s: float
    timeout_s: float
    scratch: Path
    _taken: list[TakenSnapshot] = field(default_factory=list, compare=False, repr=False)

    @property
    def on_node(self) -> str:
        """Its folder on the nodes, a name of its own: others may take snapshots next to it."""
        return f"{FOLDER}-{self.name}"

    @property
    def taken(self) -> tuple[TakenSnapshot, ...]:
        """Those that were tried up to now, the failed ones included."""
        return tuple(self._taken)

    def prepare(self) -> None:
        """Put etcdctl onto the nodes; raises E2eError, and then nothing of it stays there."""
        try:
            for node in self.nodes:
                prepare_node(node, self.on_node)
        except BaseException:
            self.clean()
            raise

    def run(self, ended: threading.Event) -> None:
        """Take snapshots until `ended` is set, the first one at once, and then a last one.

        Without that, a pass could end between two, with none from after the upgrade.
        """
        now_s = self.context.origin.now_s
        for number in itertools.count(1):
            next_s = now_s() + self.every_s
            self._taken.append(self._take(number, self.timeout_s))
            if ended.wait(max(0.0, next_s - now_s())):
                self._taken.append(self._take(number + 1, min(self.timeout_s, _LAST_S)))
                return

    def clean(self) -> None:
        """Delete what was put onto the nodes; one that does not let it go is logged."""
        for node in self.nodes:
            try:
                clean_node(node, self.on_node)
            except E2eError as error:
                _log.warning("%s on %s could not be deleted: %s", self.on_node, node.name, error)

    def _take(self, number: int, timeout_s: float) -> TakenSnapshot:
        first = number % len(self.nodes)
        failed: list[TakenSnapshot] = []
        for node in (*self.nodes[first:], *self.nodes[:first]):
            tried = self._take_on(node, number, timeout_s)
            if not tried.error:
                return tried
            failed.append(tried)
        return replace(failed[0], end_s=failed[-1].end_s, error="; ".join(_errors(failed)))

    def _take_on(self, node: Node, number: int, timeout_s: float) -> TakenSnapshot:
        name = f"{self.name}-{number:04d}.db"
        now_s, file = self.context.origin.now_s, self.scratch / "taken.db"
        start_s = now_s()
        try:
            save_snapshot(node, timeout_s, self.on_node)
            end_s = now_s()
            fetch_snapshot(node, file, self.on_node)
            self.location.store(file, name)
            size, digest = file.stat().st_size, _sha256(file)
        except E2eError as error:
            return TakenSnapshot(number, name, node.name, start_s, now_s(), error=_why(error))
        finally:
            file.unlink(missing_ok=True)  # it holds every Secret
        return TakenSnapshot(number, name, node.name, start_s, end_s, size, digest)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _errors(failed: list[TakenSnapshot]) -> Iterator[str]:
    return (f"{one.node}: {one.error}" for one in failed)


def _why(error: E2eError) -> str:
    """The reason in a line: of a program the last thing that it said."""
    said = error.output.strip().splitlines() if isinstance(error, CommandFailed) else []
    return (said[-1] if said else " ".join(str(error).split()))[:_MOST_WORDS]
