"""What the plugin costs in a session that has nothing to do with upgrades, as a Markdown table.

    python benchmarks/plugin_import.py [--pairs 15]

Runs `pytest --co -q` in an empty folder with the plugin and without it, in pairs, because other
work on the machine changes both alike. The cost is the median of the differences within the pairs.
CPU is the user and system time of the process, which other work hardly changes.
Import is the time of the imports that the plugin adds to those of pytest, by `-X importtime`, with
the part of the project's own modules. Exit code 1 when the median CPU time is above 50 ms.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

BOUND_MS = 50.0
PLUGIN = "pytest_upgrade_e2e.plugin"
OURS = ("pytest_upgrade_e2e", "upgrade_e2e")


@dataclass(frozen=True)
class Cost:
    """What one session took, in milliseconds."""

    wall_ms: float
    cpu_ms: float

    def __sub__(self, other: Cost) -> Cost:
        """What it took more than another."""
        return Cost(self.wall_ms - other.wall_ms, self.cpu_ms - other.cpu_ms)


def cpu_ms() -> float:
    """CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e3


def session(folder: Path, *words: str) -> Cost:
    """One session that collects nothing."""
    argv = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", *words]
    began, cpu_before_ms = time.monotonic(), cpu_ms()
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    wall_ms = (time.monotonic() - began) * 1e3
    assert "no tests" in done.stdout, done.stdout + done.stderr
    return Cost(wall_ms, cpu_ms() - cpu_before_ms)


def pair(folder: Path, number: int) -> tuple[Cost, Cost]:
    """A session with the plugin and one without; each comes first in every second pair."""
    if number % 2:
        plain = session(folder, "-p", "no:upgrade_e2e")
        return session(folder), plain
    return session(folder), session(folder, "-p", "no:upgrade_e2e")


def import_ms(folder: Path) -> tuple[float, float, list[str]]:
    """Milliseconds of all imports that the plugin adds, those of our modules, and their names."""
    argv = [sys.executable, "-X", "importtime", "-c", f"import pytest; import {PLUGIN}"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True)
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines()[1:]]
    ours = [
        (name.strip(), float(own_us))
        for own_us, _, name in rows
        if name.strip().partition(".")[0] in OURS
    ]
    # The package comes before the module that is imported from it.
    whole_us = sum(float(row[1]) for row in rows if row[2].strip() in {PLUGIN, OURS[0]})
    return whole_us / 1e3, sum(own_us for _, own_us in ours) / 1e3, [name for name, _ in ours]


def row(name: str, values: Iterable[float]) -> str:
    """One line of the table."""
    all_of = sorted(values)
    middle = statistics.median(all_of)
    return f"| {name} | {middle:.1f} ms | {all_of[0]:.1f} ms | {all_of[-1]:.1f} ms |"


def main() -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    count = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pair(folder, 0)  # compiles what is not compiled yet
        pairs = [pair(folder, number) for number in range(count)]
        imports = [import_ms(folder) for _ in range(count)]
    more = [with_it - without for with_it, without in pairs]
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, {count} pairs\n")
    print("| | median | least | most |\n|---|---|---|---|")
    print(row("session without the plugin, wall", (plain.wall_ms for _, plain in pairs)))
    print(row("session with it, wall", (with_it.wall_ms for with_it, _ in pairs)))
    print(row("the plugin, wall", (one.wall_ms for one in more)))
    print(row("the plugin, CPU", (one.cpu_ms for one in more)))
    print(row("its imports", (whole for whole, _, _ in imports)))
    print(row("its imports, our modules alone", (own for _, own, _ in imports)))
    print(f"\nour modules: {', '.join(imports[0][2])}")
    return 0 if statistics.median(one.cpu_ms for one in more) <= BOUND_MS else 1


if __name__ == "__main__":
    sys.exit(main())
