"""The ledger: whatever a pass makes is written down, with its owner, before it exists."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from upgrade_e2e.errors import BadInput, DamagedRecord, E2eError
from upgrade_e2e.files import write_whole
from upgrade_e2e.providers.kind.owner import Owner
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["Entry", "Ledger", "Owner", "Swept", "state_folder"]

_LOCKING = Deadline(within_s=30.0, every_s=0.02)
STALE_PART_S = 600.0


def state_folder() -> Path:
    """Where state lives across passes: `$UPGRADE_E2E_STATE`, else the user's state folder."""
    chosen = os.environ.get("UPGRADE_E2E_STATE")
    return Path(chosen) if chosen else platformdirs.user_state_path("upgrade-e2e")


@dataclass(frozen=True)
class Entry:
    """One thing: what kind (`kind-cluster`, `folder`), its name, its owner, since when."""

    kind: str
    name: str
    owner: Owner
    created_unix_s: float = field(default_factory=time.time)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Swept:
    """What a sweep did.

    `deleted` is gone; `failed` could not be deleted, with the reason, and stays in the ledger;
    `elsewhere` belongs to processes of other hosts or containers and was not touched.
    """

    deleted: tuple[Entry, ...] = ()
    failed: tuple[tuple[Entry, str], ...] = ()
    elsewhere: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """Entries as files of one folder, one each; safe under several processes and kill -9.

    An entry appears by hard link, so it is complete or absent, and only one process can
    claim a name. Taking over the entry of a dead owner happens under a file lock.
    """

    folder: Path = field(default_factory=lambda: state_folder() / "ledger")

    def claim(self, kind: str, name: str) -> Entry:
        """Write down that this process is about to make a thing.

        Raises BadInput when the ledger already knows a thing of that kind and name.
        """
        entry = Entry(kind, name, Owner.this_process())
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self._written(entry)
        try:
            os.link(part, self._file(kind, name))
        except FileExistsError:
            raise BadInput(self._taken(kind, name)) from None
        finally:
            part.unlink()
        self._sync_folder()
        return entry

    def require_free(self, kind: str, name: str) -> None:
        """Raise BadInput when the ledger already knows a thing of that kind and name."""
        if self._file(kind, name).exists():
            raise BadInput(self._taken(kind, name))

    def release(self, entry: Entry) -> None:
        """Forget a thing that is gone; nothing happens when it is another process's by now."""
        with self._locked():
            if self._read(self._file(entry.kind, entry.name)) == entry:
                self._file(entry.kind, entry.name).unlink(missing_ok=True)

    def entries(self) -> tuple[Entry, ...]:
        """All entries, oldest first; raises DamagedRecord for one that cannot be read."""
        files = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        found = (self._read(file) for file in files)
        return tuple(
            sorted((entry for entry in found if entry), key=lambda entry: entry.created_unix_s)
        )

    def abandoned(self) -> tuple[Entry, ...]:
        """The entries whose owners are dead."""
        return tuple(entry for entry in self.entries() if entry.owner.is_dead)

    def sweep(self, deleters: Mapping[str, Callable[[str], None]]) -> Swept:
        """Delete the things of dead owners; `deleters` maps a kind to what deletes by name.

        Things of living owners, and things that are not in the ledger, are never touched.
        """
        self._drop_stale_parts()
        deleted: list[Entry] = []
        failed: list[tuple[Entry, str]] = []
        for entry in self.abandoned():
            mine = self._take_over(entry)
            if mine is None:
                continue
            try:
                _deleter(deleters, entry.kind)(entry.name)
            except E2eError as error:
                self._replace(entry)
                failed.append((entry, str(error)))
                continue
            self.release(mine)
            deleted.append(entry)
        elsewhere = tuple(entry for entry in self.entries() if entry.owner.is_elsewhere)
        return Swept(tuple(deleted), tuple(failed), elsewhere)

    def _drop_stale_parts(self) -> None:
        """Remove what processes left that were killed between writing and linking."""
        for part in self.folder.glob("*.part"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > STALE_PART_S:
                    part.unlink()

    def _take_over(self, entry: Entry) -> Entry | None:
        """Make the entry this process's own; None when another process was faster."""
        with self._locked():
            if self._read(self._file(entry.kind, entry.name)) != entry:
                return None
            mine = dataclasses.replace(entry, owner=Owner.this_process())
            self._replace(mine)
            return mine

    def _replace(self, entry: Entry) -> None:
        self._written(entry).replace(self._file(entry.kind, entry.name))
        self._sync_folder()

    def _written(self, entry: Entry) -> Path:
        file = self._file(entry.kind, entry.name)
        part = file.with_name(f"{file.stem}.{os.getpid()}.{time.monotonic_ns()}.part")
        return write_whole(json.dumps(dataclasses.asdict(entry)), part)

    def _file(self, kind: str, name: str) -> Path:
        digest = hashlib.sha256(f"{kind}\0{name}".encode()).hexdigest()[:24]
        return self.folder / f"{digest}.json"

    def _read(self, file: Path) -> Entry | None:
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            return Entry(**{**data, "owner": Owner(**data["owner"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DamagedRecord(
                f"{file} is not a ledger entry ({type(error).__name__}: {error}); see what it "
                "names, delete that by hand, then the file."
            ) from error

    def _taken(self, kind: str, name: str) -> str:
        found = self._read(self._file(kind, name))
        if found is None:
            return f"{kind} {name!r} was in use a moment ago; try again."
        owner = found.owner
        if owner.is_dead:
            return (
                f"{kind} {name!r} is left over from a dead process (pid {owner.pid}); "
                "run `upgrade-e2e sweep` first, or choose another name."
            )
        return (
            f"{kind} {name!r} is in use by process {owner.pid} on {owner.host}; "
            "wait until it has ended, or choose another name."
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as file:
            wait_for("the lock of the ledger", lambda: _try_lock(file.fileno()), bool, _LOCKING)
            yield

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _deleter(deleters: Mapping[str, Callable[[str], None]], kind: str) -> Callable[[str], None]:
    if kind not in deleters:
        raise BadInput(
            f"this version does not know how to delete a {kind!r}; "
            "sweep with the version of upgrade-e2e that made it."
        )
    return deleters[kind]


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
