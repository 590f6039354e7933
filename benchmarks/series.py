"""Series of whole passes on real kind, as `upgrade-e2e calibrate` makes them, with what else ran.

The load when a pass begins is written next to it, because nothing else may run on the machine.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from upgrade_e2e.report import RunRecord
from upgrade_e2e.run.series import PassSeries

__all__ = ["walk_series"]

INTERRUPTED = 130


def walk_series(
    folder: Path, times: int, words: tuple[str, ...], keep: Path | None = None
) -> Iterator[RunRecord]:
    """The record of each pass, made with these words of `upgrade-e2e run` where it is missing.

    `keep` is a folder that gets a copy of each run.json and of what was known about the machine.
    Ends the program when a pass was interrupted; raises E2eError for one that left no record.
    """

    def begin(number: int) -> None:
        print(f"pass {number} of {times} in {folder}", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        _machine_file(folder, number).write_text(json.dumps(_machine(), indent=1), "utf-8")

    series = PassSeries(folder, times, ("--provider", "kind", *words), begin)
    try:
        for number, (place, record) in enumerate(series.walk(), start=1):
            if keep is not None:
                kept = keep / place.name
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(place / "run.json", kept)
                shutil.copy(_machine_file(folder, number), kept / "machine.json")
            yield record
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _machine_file(folder: Path, number: int) -> Path:
    return folder / f"{number:02d}-machine.json"


def _machine() -> dict[str, object]:
    """What the pass runs on, and what else runs there."""
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[0]
    return {"cpus": os.cpu_count(), "memory": meminfo, "load_before": os.getloadavg()}
