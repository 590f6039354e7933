"""Series of whole passes, one after the other, that can be interrupted and continued.

Each pass has a folder of its own. One whose record is there is not made again; one that was cut
short is. The load when a pass begins is written next to its record, because nothing else may run
on the machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.report import RunRecord, load_record

__all__ = ["make_pass", "record_of"]

TOOL = Path(sys.executable).with_name("upgrade-e2e")
LONGEST_PASS_S = 3600
INTERRUPTED = 130
RUN = "run"


def make_pass(folder: Path, words: Sequence[str], kept: Path | None = None) -> RunRecord:
    """The record of the pass in `folder`; made with these words of `upgrade-e2e run` if need be.

    `kept` is a folder that gets a copy of run.json and of what was known about the machine. Ends
    the program when the pass was interrupted, or left no record.
    """
    record = record_of(folder)
    if record is None:
        print(f"pass {folder}", flush=True)
        if _walk(folder, words) == INTERRUPTED:
            sys.exit(INTERRUPTED)
        record = record_of(folder)
    if record is None:
        sys.exit(f"the pass left no record; see {folder}/output.txt")
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        for name in ("run/run.json", "machine.json"):
            shutil.copy(folder / name, kept)
    return record


def record_of(folder: Path) -> RunRecord | None:
    """The record of a pass that came to its end; None without one."""
    try:
        record = load_record(folder / RUN)
    except DamagedRecord:
        return None
    return None if "interrupted" in record.reason else record


def _walk(folder: Path, words: Sequence[str]) -> int:
    """One pass, from the command line to its end; returns its exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "machine.json").write_text(json.dumps(_machine(), indent=1), encoding="utf-8")
    argv = [str(TOOL), "run", "--provider", "kind", "--artifacts-dir", str(folder / RUN), *words]
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        done = subprocess.run(
            argv, stdout=output, stderr=subprocess.STDOUT, timeout=LONGEST_PASS_S, check=False
        )
    return done.returncode


def _machine() -> dict[str, object]:
    """What the pass runs on, and what else runs there."""
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[0]
    return {"cpus": os.cpu_count(), "memory": meminfo, "load_before": os.getloadavg()}
