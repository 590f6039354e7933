"""Opening a history file, and turning what SQLite says into sentences.

Rollback journal rather than WAL: a finished write leaves one file, which a nightly job can carry
along, and readers need no right to write. `synchronous=FULL` makes a commit survive a power cut.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from upgrade_e2e.errors import BadInput, DamagedRecord, DeadlinePassed, E2eError
from upgrade_e2e.format import duration
from upgrade_e2e.gate.history.schema import check_schema, migrate

__all__ = ["LOCK_TIMEOUT_S", "open_file"]

LOCK_TIMEOUT_S = 30.0

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PRIMARY_CODE = 0xFF


@contextlib.contextmanager
def open_file(
    path: Path, *, to_write: bool, timeout_s: float = LOCK_TIMEOUT_S
) -> Iterator[sqlite3.Connection]:
    """A connection to the history at `path`; it is made, or migrated, only to write.

    Raises BadInput when it is missing, not writable or of a newer schema, DamagedRecord when it is
    corrupt or not a history, and DeadlinePassed when another process holds it for `timeout_s`.
    """
    if not to_write and not path.is_file():
        raise BadInput(
            f"there is no history at {path}; make one with `upgrade-e2e history add RUN_DIR`."
        )
    try:
        with contextlib.closing(_connect(path, to_write=to_write, timeout_s=timeout_s)) as opened:
            _check(opened, path, to_write=to_write)
            yield opened
    except sqlite3.DatabaseError as error:
        if not _code(error):  # not an error of SQLite but a wrong use of it: a defect of ours
            raise
        raise _as_sentence(error, path, timeout_s) from error


def _check(connection: sqlite3.Connection, path: Path, *, to_write: bool) -> None:
    try:
        if to_write:
            migrate(connection)
        else:
            check_schema(connection, to_write=False)
    except (BadInput, DamagedRecord) as error:
        raise type(error)(f"the history {path} cannot be used: {error}.") from error


def _connect(path: Path, *, to_write: bool, timeout_s: float) -> sqlite3.Connection:
    mode = "rwc" if to_write else ("rw" if _may_write(path) else "ro")
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _may_write(path: Path) -> bool:
    # A writer that was killed leaves a journal, which the next one to open the file rolls back,
    # even only to read: that needs the right to write.
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _code(error: sqlite3.DatabaseError) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY_CODE


def _as_sentence(error: sqlite3.DatabaseError, path: Path, timeout_s: float) -> E2eError:
    code = _code(error)
    if code in _BUSY:
        return DeadlinePassed(
            f"the history {path} was held by another process for {duration(timeout_s)}; "
            "wait for it to end and try again."
        )
    if code in _CORRUPT:
        return DamagedRecord(
            f"the history {path} is corrupt ({error}); it was left as it is. Restore it from an "
            "earlier artifact, or import a JSONL export into a new file."
        )
    return BadInput(
        f"the history {path} cannot be opened or written ({error}); check that its folder exists, "
        "that folder and file may be written, and that the disk is not full."
    )
