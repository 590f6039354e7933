"""run.json: everything about one pass but its samples; docs/artifacts.md describes each field."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.judge import Limit, Verdict
from upgrade_e2e.timeline import Samples, Span, Timeline, Window
from upgrade_e2e.upgrade import Inventory

__all__ = [
    "RECORD_NAME",
    "SCHEMA_VERSION",
    "SIMULATED",
    "FailedStep",
    "ObserverResult",
    "OutageRow",
    "RunRecord",
    "ScenarioResult",
    "load_record",
    "load_timeline",
    "save_record",
    "save_samples",
]

SCHEMA_VERSION = 1
RECORD_NAME = "run.json"
SAMPLES_FOLDER = "samples"
SIMULATED = "SIMULATED: a rehearsal, no evidence about a real version."


@dataclass(frozen=True)
class ScenarioResult:
    """What became of one scenario: its claim in words, the verdict and the reason for it.

    `traceback` is that of a scenario that is itself broken: it raised what is neither a broken
    claim nor a skip. Empty for every other.
    """

    name: str
    claim: str
    verdict: Verdict
    explanation: str = ""
    observers: tuple[str, ...] = ()
    traceback: str = ""


@dataclass(frozen=True)
class OutageRow:
    """One outage, as it is told: when, its bounds, where, and in which steps.

    `at_most_s` is None where the outage began before, or lasted beyond, what was seen. `cause` are
    the names of the steps, the likeliest first; more than one is ambiguous. `share` is the share
    of probes that failed at its worst: 1/3 when one of three backends was away.
    """

    target: str
    start_s: float
    at_least_s: float
    at_most_s: float | None
    failures: int
    outcomes: Mapping[str, int]
    share: float
    cause: tuple[str, ...]
    told: str
    nodes: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObserverResult:
    """The figures of one observer; None where nothing was seen that could give them.

    `p50_s` and `p99_s` are lower bounds where `censored` is true (probes gave up waiting).
    `outages` are the worst ones, `outage_count` says how many there were.
    """

    name: str
    samples: int
    failures: int
    suspect: int
    failure_ratio: float | None
    p50_s: float | None
    p99_s: float | None
    censored: bool
    downtime_s: float
    longest_gap_s: float
    blind_share: float
    resolution_s: float | None
    outage_count: int
    outages: tuple[OutageRow, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailedStep:
    """The step that ended the pass; `reason` holds command, exit code and output."""

    step: str
    reason: str


@dataclass(frozen=True)
class RunRecord:
    """One pass over one path. Times are as in Timeline; `started_unix_s` is second zero.

    `cluster_made` is false when the pass ended before there was a cluster that could be watched;
    `refused` is true when that was because what was asked for cannot work.
    """

    run_id: str
    path: tuple[str, ...]
    provider: str
    simulated: bool
    verdict: Verdict
    reason: str
    started_unix_s: float
    duration_s: float
    watched: Window
    cluster_made: bool = True
    refused: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    tools: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    scenarios: tuple[ScenarioResult, ...] = ()
    observers: tuple[ObserverResult, ...] = ()
    limits_changed: tuple[Limit, ...] = ()
    failed_step: FailedStep | None = None
    inventory: Inventory | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def path_id(self) -> str:
        """The path as a name: `v1.33.13-v1.34.4`."""
        return "-".join(self.path)


_RECORD = TypeAdapter(RunRecord)


def save_record(record: RunRecord, folder: Path) -> None:
    """Write run.json into `folder`, whole or not at all."""
    target = folder / RECORD_NAME
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        file.write(_RECORD.dump_json(record, indent=1))
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


def load_record(folder: Path) -> RunRecord:
    """Read run.json from `folder`; raises DamagedRecord when it is missing, torn or foreign."""
    target = folder / RECORD_NAME
    try:
        text = target.read_bytes()
    except OSError as error:
        raise DamagedRecord(
            f"{folder} is not a finished run: {RECORD_NAME} cannot be read ({error.strerror}). "
            "The pass was killed before it could write it; run it again."
        ) from error
    _check_schema(text, target)
    try:
        return _RECORD.validate_json(text)
    except ValidationError as error:
        raise DamagedRecord(f"{target} is not a run record: {error}") from error


def _check_schema(text: bytes, target: Path) -> None:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DamagedRecord(f"{target} is not JSON ({error}); run the pass again.") from error
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        raise DamagedRecord(
            f"{target} has schema version {version!r}, this version reads {SCHEMA_VERSION}; "
            "use the version of upgrade-e2e that wrote it, or run the pass again."
        )


def save_samples(samples: Mapping[str, Samples], folder: Path, *, simulated: bool = False) -> None:
    """Write one file an observer into `folder`/samples, and index.json over them.

    The index says whether the samples are of a simulated cluster, for whoever has only them.
    """
    target = folder / SAMPLES_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for name, seen in samples.items():
        seen.save(target / f"{name}.npz")
    index = {
        "simulated": simulated,
        "note": SIMULATED if simulated else "",
        "files": {f"{name}.npz": {"samples": len(seen)} for name, seen in samples.items()},
    }
    (target / "index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")


def load_timeline(folder: Path) -> Timeline:
    """The timeline of a finished run, read back from its artifacts."""
    record = load_record(folder)
    files = sorted((folder / SAMPLES_FOLDER).glob("*.npz"))
    return Timeline(
        origin_unix_s=record.started_unix_s,
        watched=record.watched,
        spans=record.spans,
        samples={file.stem: Samples.load(file) for file in files},
    )
