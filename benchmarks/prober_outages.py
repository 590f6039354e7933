"""Outages of known length, planted in the workload server: how many are found, how exactly?

    python benchmarks/prober_outages.py [--each 20]

A planted outage answers 503 to every request that arrives in it. It counts as found when a failure
was seen in it. Its length is estimated as failures x interval; the error is against what was
planted. Bounds hold when the planted length lies between first-to-last failure and the distance
of the good answers around them.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from prober_rig import prober, stopped, web_stream, workload

from upgrade_e2e.observers.link import LocalLink

RATES_HZ = (100, 1000)
LENGTHS_MS = (10, 30, 100, 1000)
LONGER = 0.1
"""Each outage is up to a tenth longer, because whole numbers of intervals would flatter."""
GAP_S = 0.25
COLUMNS = (
    "rate Hz",
    "connection",
    "outage ms",
    "planted",
    "found",
    "error p50 ms",
    "error max ms",
    "bounds hold",
)


@dataclass(frozen=True)
class Estimate:
    """What the samples show of one planted outage, in milliseconds."""

    planted_ms: float
    failures: int
    length_ms: float
    least_ms: float
    most_ms: float

    @property
    def error_ms(self) -> float:
        """How far the estimate is off."""
        return abs(self.length_ms - self.planted_ms)

    @property
    def bounded(self) -> bool:
        """True when the truth lies within the bounds."""
        return self.least_ms <= self.planted_ms <= self.most_ms


def plant_all(target: LocalLink, each: int) -> dict[int, list[dict[str, Any]]]:
    """Plant outages of all lengths in turn, with pauses of random length between them."""
    planted: dict[int, list[dict[str, Any]]] = {length: [] for length in LENGTHS_MS}
    for _ in range(each):
        for length_ms in LENGTHS_MS:
            longer_ms = length_ms * (1 + LONGER * random.random())  # noqa: S311 - no secret
            query = (("kind", "503"), ("ms", f"{longer_ms:.3f}"))
            outage = json.loads(target.request("POST", "/outage", query))
            planted[length_ms].append(outage)
            time.sleep(length_ms / 1000 + GAP_S * (1 + random.random()))  # noqa: S311 - no secret
    return planted


def estimate(records: npt.NDArray[np.void], outage: dict[str, Any], rate_hz: int) -> Estimate:
    """Find an outage among the samples around it."""
    sent = records["intended_us"] + records["lateness_us"].astype(np.int64)
    done = records["intended_us"] + records["latency_us"].astype(np.int64)
    near = (done > outage["begin_us"] - GAP_S * 5e5) & (sent < outage["end_us"] + GAP_S * 5e5)
    failed = near & (records["outcome"] != 0)
    good = near & (records["outcome"] == 0)
    planted_ms = (outage["end_us"] - outage["begin_us"]) / 1000
    count = int(failed.sum())
    if not count:
        return Estimate(planted_ms, 0, 0.0, 0.0, 0.0)
    before = sent[good & (done <= done[failed].min())].max(initial=0)
    after = done[good & (sent >= sent[failed].max())].min(initial=2**62)
    return Estimate(
        planted_ms=planted_ms,
        failures=count,
        length_ms=count * 1000 / rate_hz,
        least_ms=(sent[failed].max() - done[failed].min()) / 1000,
        most_ms=(after - before) / 1000,
    )


def row(rate_hz: int, connection: str, length_ms: int, found: list[Estimate]) -> list[str]:
    """One line of the table."""
    seen = [one for one in found if one.failures]
    errors = [one.error_ms for one in seen] or [0.0]
    return [
        str(rate_hz),
        connection,
        str(length_ms),
        str(len(found)),
        str(len(seen)),
        f"{np.percentile(errors, 50):.1f}",
        f"{max(errors):.1f}",
        f"{sum(one.bounded for one in seen)}/{len(seen)}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20, help="outages of each length")
    args = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as name, workload(Path(name)) as target:
        for rate_hz in RATES_HZ:
            streams = [web_stream(target, rate_hz, kind) for kind in ("new", "reused")]
            with prober(Path(name), f"outages-{rate_hz}", streams) as link:
                planted = plant_all(target, args.each)
                records = stopped(link).records
            for connection in ("new", "reused"):
                for length_ms, outages in planted.items():
                    seen = records[f"web.{connection}"]
                    found = [estimate(seen, outage, rate_hz) for outage in outages]
                    print("| " + " | ".join(row(rate_hz, connection, length_ms, found)) + " |")


if __name__ == "__main__":
    main()
