"""Passes on a simulated cluster, one after another: does each PASS, and how long does it take?

    python benchmarks/sim_in_a_row.py [--times 10] [--lock FILE]

Each is the installed command with the product's limits, in a process of its own. `--lock` names a
file that is locked for each pass, for a machine that is shared. Exit code 1 when one does not PASS.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TOOL = str(Path(sys.executable).with_name("upgrade-e2e"))
WITHIN_S = 180.0


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Nobody else who locks this file runs meanwhile."""
    if not name:
        yield
        return
    with Path(name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def one(number: int, folder: Path) -> bool:
    """Run one pass and say what became of it."""
    artifacts = folder / str(number)
    argv = [TOOL, "run", "--provider", "sim", "--from", "v1.33", "--to", "v1.34"]
    began, load = time.monotonic(), os.getloadavg()[0]
    done = subprocess.run(
        [*argv, f"--artifacts-dir={artifacts}"],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    took_s = time.monotonic() - began
    file = artifacts / "run.json"
    reason = json.loads(file.read_text())["reason"] if file.exists() else done.stderr[-500:]
    print(
        f"{number}: exit {done.returncode}, {took_s:.1f} s, load {load:.1f}: {reason}", flush=True
    )
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def main() -> int:
    """Run them; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--lock", default="")
    args = parser.parse_args()
    good = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, args.times + 1):
            with locked(args.lock):
                good += one(number, Path(folder))
    print(f"{good} of {args.times} passed")
    return 0 if good == args.times else 1


if __name__ == "__main__":
    sys.exit(main())
