"""How long `pytest tests/unit -n 2` takes: seconds of wall time, and of CPU time with all children.

    python benchmarks/unit_tests.py                  # three runs
    python benchmarks/unit_tests.py --runs 1 -k gate # what follows the options goes to pytest

The load average before each run shows what else worked on the machine: wall time says something
only where it is low, CPU time says something anywhere.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "pytest", "tests/unit", "-q", "-n", "2")


@dataclass(frozen=True)
class Run:
    """One run of the unit tests; times in seconds."""

    load: float
    wall_s: float
    cpu_s: float
    last_line: str


def children_cpu_s() -> float:
    """The CPU time of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(more: list[str]) -> Run:
    """Run the tests once; ends the program when one of them fails."""
    load, before_s, began_s = os.getloadavg()[0], children_cpu_s(), time.monotonic()
    done = subprocess.run(
        [*COMMAND, *more], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    wall_s = time.monotonic() - began_s
    if done.returncode:
        sys.exit(f"{done.stdout}\nThe tests failed, so their time says nothing.")
    return Run(load, wall_s, children_cpu_s() - before_s, done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print a row for each run, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options, more = parser.parse_known_args()
    print("| run | load before | wall s | CPU s | |\n|---|---|---|---|---|")
    runs = []
    for number in range(1, options.runs + 1):
        run = measure(more)
        runs.append(run)
        figures = f"{run.load:.1f} | {run.wall_s:.1f} | {run.cpu_s:.1f}"
        print(f"| {number} | {figures} | {run.last_line} |", flush=True)
    wall_s = statistics.median(run.wall_s for run in runs)
    cpu_s = statistics.median(run.cpu_s for run in runs)
    print(f"\nmedian: {wall_s:.1f} s of wall time, {cpu_s:.1f} s of CPU time")


if __name__ == "__main__":
    main()
