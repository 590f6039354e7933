"""Finished runs in one SQLite file: one row per run, and one per run and metric."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.gate.history.file import LOCK_TIMEOUT_S, open_file
from upgrade_e2e.gate.history.schema import later_columns
from upgrade_e2e.gate.run import Figure, Run, ScenarioVerdict
from upgrade_e2e.judge import Verdict

__all__ = ["Added", "History"]

_INSERT_RUN = """
    INSERT OR IGNORE INTO runs (
        run_id, path, provider, simulated, verdict, reason, started_unix_s, tool, nodes,
        facts, machine, images, choices, faults, limits, claims
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_METRIC = """
    INSERT INTO metrics (run_id, observer, metric, value, censored) VALUES (?, ?, ?, ?, ?)
"""
_SELECT_RUNS = """
    SELECT
        run_id, path, provider, simulated, verdict, reason, started_unix_s, tool, nodes,
        {later}, choices, faults, limits, claims
    FROM runs
    WHERE (:path = '' OR path = :path) AND (:provider = '' OR provider = :provider)
    ORDER BY started_unix_s, run_id
"""
_SELECT_METRICS = """
    SELECT run_id, observer, metric, value, censored FROM metrics JOIN runs USING (run_id)
    WHERE (:path = '' OR path = :path) AND (:provider = '' OR provider = :provider)
    ORDER BY run_id, observer, metric
"""
_SEPARATOR = ","
_FACTS: TypeAdapter[ClusterFacts | None] = TypeAdapter(ClusterFacts | None)


@dataclass(frozen=True)
class Added:
    """How many runs are new to the history, and how many it knew already."""

    new: int
    known: int


@dataclass(frozen=True)
class History:
    """An open history file; two processes may add to one file at the same time."""

    connection: sqlite3.Connection
    path: Path

    @classmethod
    @contextlib.contextmanager
    def reading(cls, path: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[History]:
        """The history at `path`, not to be changed; errors as in `open_file`."""
        with open_file(path, to_write=False, timeout_s=timeout_s) as connection:
            yield cls(connection, path)

    @classmethod
    @contextlib.contextmanager
    def writing(cls, path: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[History]:
        """The history at `path`, created when it is missing; errors as in `open_file`."""
        with open_file(path, to_write=True, timeout_s=timeout_s) as connection:
            yield cls(connection, path)

    def add(self, runs: Iterable[Run]) -> Added:
        """Add these runs, all or none; a run that is known already stays as it is."""
        new = known = 0
        with _transaction(self.connection):
            for run in runs:
                if self._insert(run):
                    new += 1
                else:
                    known += 1
        return Added(new, known)

    def runs(self, *, path: Sequence[str] = (), provider: str = "") -> tuple[Run, ...]:
        """The runs over `path` (any if empty) on `provider` (any if empty), oldest first.

        Raises DamagedRecord for a row that is not a run.
        """
        wanted = {"path": _SEPARATOR.join(path), "provider": provider}
        with _snapshot(self.connection):
            figures = self._figures(wanted)
            select = _SELECT_RUNS.format(later=later_columns(self.connection))
            rows = self.connection.execute(select, wanted).fetchall()
        return tuple(_run(row, figures.get(row[0], ()), self.path) for row in rows)

    def _insert(self, run: Run) -> bool:
        if not self.connection.execute(_INSERT_RUN, _row(run)).rowcount:
            return False
        self.connection.executemany(
            _INSERT_METRIC,
            [(run.run_id, f.observer, f.metric, f.value, f.censored) for f in run.figures],
        )
        return True

    def _figures(self, wanted: Mapping[str, str]) -> dict[str, tuple[Figure, ...]]:
        found: dict[str, list[Figure]] = {}
        for run_id, observer, metric, value, censored in self.connection.execute(
            _SELECT_METRICS, wanted
        ):
            found.setdefault(run_id, []).append(Figure(observer, metric, value, bool(censored)))
        return {run_id: tuple(figures) for run_id, figures in found.items()}


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextlib.contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _row(run: Run) -> tuple[Any, ...]:
    claims = [[claim.name, str(claim.verdict), claim.watched] for claim in run.claims]
    return (
        run.run_id,
        _SEPARATOR.join(run.path),
        run.provider,
        int(run.simulated),
        str(run.verdict),
        run.reason,
        run.started_unix_s,
        run.tool,
        run.nodes,
        _FACTS.dump_json(run.facts).decode(),
        run.machine,
        json.dumps(dict(run.images), sort_keys=True),
        json.dumps(dict(run.choices), sort_keys=True),
        json.dumps(run.faults),
        json.dumps(dict(run.limits), sort_keys=True),
        json.dumps(claims),
    )


def _run(row: Sequence[Any], figures: tuple[Figure, ...], history: Path) -> Run:
    (run_id, path, provider, simulated, verdict, reason, started, tool, nodes, *more) = row
    try:
        facts, machine, *packed = more
        images, choices, faults, limits, claims = (json.loads(text) for text in packed)
        return Run(
            run_id=run_id,
            path=tuple(path.split(_SEPARATOR)),
            provider=provider,
            simulated=bool(simulated),
            verdict=Verdict(verdict),
            reason=reason,
            started_unix_s=started,
            tool=tool,
            nodes=nodes,
            facts=_FACTS.validate_json(facts),
            choices=choices,
            faults=tuple(faults),
            limits=limits,
            claims=tuple(
                ScenarioVerdict(name, Verdict(word), bool(watched))
                for name, word, watched in claims
            ),
            figures=figures,
            machine=machine,
            images=images,
        )
    except (ValueError, TypeError) as error:
        raise DamagedRecord(
            f"the history {history} is damaged: its row of run {run_id!r} is not a run ({error}). "
            "Restore it from an earlier artifact, or delete that row."
        ) from error
