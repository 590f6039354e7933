"""A history as text: one run per line, to be kept as an artifact or on a branch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from upgrade_e2e.errors import BadInput, DamagedRecord
from upgrade_e2e.files import write_whole
from upgrade_e2e.gate.run import Run

__all__ = ["JSONL_VERSION", "read_jsonl", "write_jsonl"]

JSONL_VERSION = 1
_VERSION_KEY = "schema_version"
_RUN = TypeAdapter(Run)


def write_jsonl(runs: Iterable[Run], path: Path) -> int:
    """Write the runs to `path`, whole or not at all, and say how many; raises BadInput."""
    lines = [_line(run) for run in runs]
    write_whole("".join(lines), path)
    return len(lines)


def read_jsonl(path: Path) -> tuple[Run, ...]:
    """The runs of an export; raises DamagedRecord naming the first line that is not one."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); check the path.") from error
    except UnicodeDecodeError as error:
        raise DamagedRecord(f"{path} is not text ({error}); export it again.") from error
    return tuple(_runs(text, path))


def _line(run: Run) -> str:
    document = {_VERSION_KEY: JSONL_VERSION, **_RUN.dump_python(run, mode="json")}
    return json.dumps(document, separators=(",", ":")) + "\n"


def _runs(text: str, path: Path) -> Iterator[Run]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _parse(line, f"{path}, line {number}")


def _parse(line: str, where: str) -> Run:
    try:
        document: Any = json.loads(line)
    except ValueError as error:
        raise DamagedRecord(
            f"{where} is not JSON ({error}); the export was cut short. Export it again, or take "
            "the broken line out."
        ) from error
    version = document.pop(_VERSION_KEY, None) if isinstance(document, dict) else None
    if version != JSONL_VERSION:
        raise DamagedRecord(
            f"{where} has schema version {version!r}, this version reads {JSONL_VERSION}; import "
            "it with the version of upgrade-e2e that wrote it."
        )
    try:
        run = _RUN.validate_python(document)
    except ValidationError as error:
        raise DamagedRecord(f"{where} is not a run: {error}") from error
    numbers = (run.started_unix_s, *run.limits.values(), *(f.value for f in run.figures))
    if not all(map(math.isfinite, numbers)):  # infinity in a baseline would excuse anything
        raise DamagedRecord(f"{where} is not a run: it has a number that is not finite.")
    return run
