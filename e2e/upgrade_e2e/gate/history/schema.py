"""The tables of a history file, and how an older file becomes a current one.

A file says which of the steps below it has seen in `PRAGMA user_version`. Steps are never edited
once released, only added.
"""

from __future__ import annotations

import sqlite3

from upgrade_e2e.errors import BadInput, DamagedRecord

__all__ = ["SCHEMA_VERSION", "check_schema", "later_columns", "migrate"]

APPLICATION_ID = 0x75706532  # "upe2", to recognise the database of another program

_STEPS: tuple[tuple[str, ...], ...] = (
    (
        f"PRAGMA application_id = {APPLICATION_ID}",
        """CREATE TABLE runs (
            run_id TEXT PRIMARY KEY,
            path TEXT NOT NULL,
            provider TEXT NOT NULL,
            simulated INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            reason TEXT NOT NULL,
            started_unix_s REAL NOT NULL,
            tool TEXT NOT NULL,
            choices TEXT NOT NULL,
            faults TEXT NOT NULL,
            limits TEXT NOT NULL,
            claims TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE metrics (
            run_id TEXT NOT NULL REFERENCES runs (run_id),
            observer TEXT NOT NULL,
            metric TEXT NOT NULL,
            value REAL NOT NULL,
            PRIMARY KEY (run_id, observer, metric)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX runs_by_path ON runs (path, provider, started_unix_s)",
    ),
    (
        "ALTER TABLE metrics ADD COLUMN censored INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN nodes TEXT NOT NULL DEFAULT ''",
    ),
    ("ALTER TABLE runs ADD COLUMN facts TEXT NOT NULL DEFAULT 'null'",),
    (
        "ALTER TABLE runs ADD COLUMN machine TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE runs ADD COLUMN images TEXT NOT NULL DEFAULT '{}'",
    ),
)
SCHEMA_VERSION = len(_STEPS)
READABLE_SINCE = 2
"""A file of this schema or a newer one can be read as it is: see `later_columns`."""
# Column, the schema that brought it, and what stands for it in an older file: nothing is known.
_LATER = (("facts", 3, "'null'"), ("machine", 4, "''"), ("images", 4, "'{}'"))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the current schema, wholly or not at all; an empty file gets its tables.

    Raises DamagedRecord for another program's database, BadInput for one of a newer schema.
    """
    connection.execute("BEGIN IMMEDIATE")
    # Read inside of the transaction: another process may have migrated while this one waited.
    seen = check_schema(connection, to_write=True)
    for number, step in enumerate(_STEPS[seen:], start=seen + 1):
        for statement in step:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute("COMMIT")


def check_schema(connection: sqlite3.Connection, *, to_write: bool) -> int:
    """The schema version of the file; raises as `migrate`, or BadInput if it must be migrated."""
    seen = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
    if application != APPLICATION_ID and (tables or seen):
        raise DamagedRecord("it is a database, but not a history of upgrade-e2e; name another file")
    if seen > SCHEMA_VERSION:
        raise BadInput(
            f"it has schema version {seen}, this version of upgrade-e2e knows {SCHEMA_VERSION}; "
            "use a newer upgrade-e2e"
        )
    if seen < READABLE_SINCE and not to_write:
        state = f"has schema version {seen}, not {SCHEMA_VERSION}" if seen else "is empty"
        raise BadInput(
            f"it {state}; add a run to it, or to a copy of it, with `upgrade-e2e history add`, "
            "which brings it up to date"
        )
    return seen


def later_columns(connection: sqlite3.Connection) -> str:
    """What to select for the columns that an older file lacks, in the order of `_LATER`."""
    seen = int(connection.execute("PRAGMA user_version").fetchone()[0])
    return ", ".join(
        name if seen >= since else f"{absent} AS {name}" for name, since, absent in _LATER
    )
