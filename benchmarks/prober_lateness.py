"""How late a prober is, and what it costs: idle cores, busy cores, each kind of priority.

    python benchmarks/prober_lateness.py [--seconds 15]

One HTTP stream against the workload server on loopback, so that server and prober share the cores.
"Busy" adds two processes for each core that do nothing but count. Lateness is sent minus intended.
CPU is the prober's alone, as a share of one core.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import numpy as np
from prober_rig import prober, stopped, web_stream, workload

from upgrade_e2e.observers.link import get_json

RATES_HZ = (100, 1000)
CASES = (
    ("idle", 0, "none"),
    ("busy", 2, "none"),
    ("busy", 2, "nice"),
    ("busy", 2, "rr"),
)
COLUMNS = (
    "cores",
    "priority",
    "connection",
    "rate Hz",
    "samples",
    "not ok",
    "late p50 ms",
    "late p99 ms",
    "late max ms",
    "later than T %",
    "CPU %",
    "RSS MiB",
)


@contextlib.contextmanager
def busy(loops_per_core: int) -> Iterator[None]:
    """Processes that only count, at plain priority; they end themselves if we are killed."""
    code = f"import os\nwhile os.getppid() == {os.getpid()}:\n  sum(range(10**6))"
    count = loops_per_core * (os.cpu_count() or 1)
    loops = [Popen([sys.executable, "-c", code], stderr=DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def measure(folder: Path, stream: dict[str, Any], priority: str, seconds: float) -> list[str]:
    """Probe for a while; the figures of one row."""
    connection, rate_hz = stream["name"], round(1 / stream["interval_s"])
    run = f"{rate_hz}-{connection}-{priority}-{time.monotonic_ns()}"
    with prober(folder, run, [stream], priority) as link:
        before, began = get_json(link, "/status"), time.monotonic()
        time.sleep(seconds)
        after, took_s = get_json(link, "/status"), time.monotonic() - began
        records = stopped(link).records[f"web.{connection}"]
    late_ms = records["lateness_us"] / 1000
    late = np.percentile(late_ms, [50, 99, 100])
    return [
        after["priority"],
        connection,
        str(rate_hz),
        str(len(records)),
        str(int((records["outcome"] != 0).sum())),
        *(f"{value:.2f}" for value in late),
        f"{100 * (late_ms > 1000 / rate_hz).mean():.2f}",
        f"{100 * (after['cpu_s'] - before['cpu_s']) / took_s:.1f}",
        f"{after['rss_bytes'] / 2**20:.0f}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="for each row")
    args = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as name, workload(Path(name)) as target:
        for cores, loops, priority in CASES:
            for rate_hz in RATES_HZ:
                for connection in ("new", "reused"):
                    stream = web_stream(target, rate_hz, connection)
                    with busy(loops):
                        row = measure(Path(name), stream, priority, args.seconds)
                    print("| " + " | ".join([cores, *row]) + " |", flush=True)


if __name__ == "__main__":
    main()
