"""Passes of the same kind, one after the other: what the product's own limits say of them.

    python benchmarks/stock_passes.py stock --times 12
    python benchmarks/stock_passes.py planted --times 3 -- --fault coredns-replicas=1@drain

Each pass is `upgrade-e2e run` with what follows `--`, in a folder of its own below the first
argument. All count, in their order. A pass whose record is there is not made again, so that the
series can be interrupted and continued; one that was cut short is made again. Nothing else may run
on the machine: the load when each pass begins is written next to its record. Prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.report import RunRecord, load_record

TOOL = Path(sys.executable).with_name("upgrade-e2e")
LONGEST_PASS_S = 3600
MACHINE = "machine.json"
INTERRUPTED = 130


def machine() -> dict[str, object]:
    """What the pass runs on, and what else runs there."""
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[0]
    return {"cpus": os.cpu_count(), "memory": meminfo, "load_before": os.getloadavg()}


def walk(folder: Path, words: list[str]) -> int:
    """One pass, from the command line to its end; returns its exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MACHINE).write_text(json.dumps(machine(), indent=1), encoding="utf-8")
    argv = [str(TOOL), "run", "--provider", "kind", "--artifacts-dir", str(folder / "run"), *words]
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        done = subprocess.run(
            argv, stdout=output, stderr=subprocess.STDOUT, timeout=LONGEST_PASS_S, check=False
        )
    return done.returncode


def record_of(folder: Path) -> RunRecord | None:
    """The record of a pass that came to its end."""
    try:
        record = load_record(folder / "run")
    except DamagedRecord:
        return None
    return None if "interrupted" in record.reason else record


def row(number: int, record: RunRecord) -> str:
    """One pass as a line of Markdown."""
    worst = max((seen.blind_share for seen in record.observers), default=0.0)
    failed = ", ".join(
        f"{seen.name} {seen.failures}/{seen.samples}" for seen in record.observers if seen.failures
    )
    broken = ", ".join(one.name for one in record.scenarios if one.verdict.value == "FAIL")
    return (
        f"| {number} | {record.verdict} | {record.duration_s:.0f} | {worst:.1%} "
        f"| {failed or '-'} | {broken or '-'} |"
    )


def main() -> None:
    """Make what is missing of the series, and print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("words", nargs="*", help="options of upgrade-e2e run, after --")
    given = parser.parse_args()
    records: list[RunRecord] = []
    for number in range(1, given.times + 1):
        place = given.folder / f"{number:02d}"
        record = record_of(place)
        if record is None:
            print(f"pass {number} of {given.times}", flush=True)
            if walk(place, given.words) == INTERRUPTED:
                sys.exit(INTERRUPTED)
            record = record_of(place)
        if record is None:
            sys.exit(f"pass {number} left no record; see {place}/output.txt")
        records.append(record)
    print("| pass | verdict | seconds | worst blind | failed | broken claims |")
    print("|---|---|---|---|---|---|")
    for number, record in enumerate(records, start=1):
        print(row(number, record))


if __name__ == "__main__":
    main()
