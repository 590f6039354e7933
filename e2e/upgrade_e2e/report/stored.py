"""A record and its samples, on disk and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.files import write_whole
from upgrade_e2e.report.migrate import migrated
from upgrade_e2e.report.record import RECORD_NAME, SIMULATED, RunRecord
from upgrade_e2e.timeline import BackupLog, Readings, Samples, Timeline

__all__ = [
    "READINGS_FOLDER",
    "SAMPLES_FOLDER",
    "load_record",
    "load_timeline",
    "pass_folder",
    "save_backups",
    "save_readings",
    "save_record",
    "save_samples",
    "timeline_of",
]

SAMPLES_FOLDER, READINGS_FOLDER, BACKUPS_FOLDER = "samples", "readings", "backups"

_RECORD = TypeAdapter(RunRecord)
_BACKUPS = TypeAdapter(BackupLog)


def save_record(record: RunRecord, folder: Path) -> None:
    """Write run.json into `folder`, whole or not at all."""
    write_whole(_RECORD.dump_json(record, indent=1), folder / RECORD_NAME)


def load_record(folder: Path) -> RunRecord:
    """Read run.json from `folder`, whatever version wrote it.

    Raises DamagedRecord when it is missing, torn, foreign, or of a newer upgrade-e2e.
    """
    target = folder / RECORD_NAME
    try:
        text = target.read_bytes()
    except OSError as error:
        raise DamagedRecord(
            f"{folder} is not a finished run: {RECORD_NAME} cannot be read ({error.strerror}). "
            "Either this is not the artifacts folder of a run, or the pass was killed before it "
            "could write the record; then run it again."
        ) from error
    try:
        return _RECORD.validate_json(_as_of_today(text, target))
    except ValidationError as error:
        raise DamagedRecord(f"{target} is not a run record: {error}") from error


def _as_of_today(text: bytes, target: Path) -> bytes | str:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DamagedRecord(f"{target} is not JSON ({error}); run the pass again.") from error
    today = migrated(document, target)
    return text if today == document else json.dumps(today)


def save_samples(samples: Mapping[str, Samples], folder: Path, *, simulated: bool = False) -> None:
    """Write one file per observer into `folder`/samples, and index.json over them.

    The index says whether the samples are of a simulated cluster, for a reader who has only them.
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
    write_whole(json.dumps(index, indent=1), target / "index.json")


def save_readings(readings: Mapping[str, Readings], folder: Path) -> None:
    """Write one file per observer that read numbers into `folder`/readings; nothing for none."""
    target = folder / READINGS_FOLDER
    if readings:
        target.mkdir(parents=True, exist_ok=True)
    for name, read in readings.items():
        read.save(target / f"{name}.npz")


def save_backups(backups: Mapping[str, BackupLog], folder: Path) -> None:
    """Write one file per observer of backups into `folder`/backups; none where there are none."""
    for name, log in backups.items():
        target = folder / BACKUPS_FOLDER
        target.mkdir(parents=True, exist_ok=True)
        write_whole(_BACKUPS.dump_json(log, indent=1), target / f"{name}.json")


def _load_backups(file: Path) -> BackupLog:
    try:
        return _BACKUPS.validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise DamagedRecord(
            f"{file} is not a whole file about backups ({error}); run the pass again or restore it."
        ) from error


def load_timeline(folder: Path) -> Timeline:
    """The timeline of a finished run, read back from its artifacts; raises DamagedRecord."""
    return timeline_of(load_record(folder), folder)


def timeline_of(record: RunRecord, folder: Path) -> Timeline:
    """The timeline of a record that was read from `folder`, with what is there of what was seen.

    Passes of before have neither readings nor backups. Raises DamagedRecord for a file that cannot
    be read.
    """
    above = pass_folder(record, folder)
    samples = sorted((above / SAMPLES_FOLDER).glob("*.npz"))
    readings = sorted((above / READINGS_FOLDER).glob("*.npz"))
    logs = sorted((above / BACKUPS_FOLDER).glob("*.json"))
    return Timeline(
        watched=record.watched,
        spans=record.spans,
        samples={file.stem: Samples.load(file) for file in samples},
        readings={file.stem: Readings.load(file) for file in readings},
        backups={file.stem: _load_backups(file) for file in logs},
    )


def pass_folder(record: RunRecord, folder: Path) -> Path:
    """Where the pass itself left its artifacts: above `folder` if that judges it again."""
    return folder if record.rejudged_unix_s is None else folder.parent
