"""A pass without an upgrade, under load: what do busy cores alone do to probes?

Makes the same cluster with the same workloads and probers as a plain pass. In place of the upgrade
it keeps every core busy, from inside the control plane node, for as long as an upgrade takes, and
changes nothing. What the observers see then comes from the machine, not from the upgrade.

    python benchmarks/load_only_pass.py v1.33.13 --seconds 240
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path as FilePath

sys.path.insert(0, str(FilePath(__file__).parent.parent))

from benchmarks.without_upgrade import run_without_upgrade
from scenarios import test_api_availability, test_dns_latency, test_pod_churn, test_rollout_502
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.upgrade import Step

OBSERVERS = (
    test_dns_latency.LOOKUPS,
    test_rollout_502.WEB,
    test_rollout_502.EDGE,
    test_pod_churn.CHURN,
    test_api_availability.API,
)


def keep_busy(step: Step, cluster: Cluster) -> None:
    """Keep every core busy from inside the first control plane."""
    runner = cluster.control_planes[0].runner
    assert runner is not None
    spin = f"end=$(($(date +%s)+{step.params['seconds']})); "
    spin += "while [ $(date +%s) -lt $end ]; do i=0; "
    spin += "while [ $i -lt 20000 ]; do i=$((i+1)); done; done"
    command = " & ".join([f"sh -c '{spin}'"] * (os.cpu_count() or 1)) + " & wait"
    runner.run("sh", "-c", command, timeout_s=step.timeout_s)


def main() -> None:
    """Run the pass under load and print its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("target", nargs="?", default="v1.34.4")
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--into", type=FilePath, default=None)
    arguments = parser.parse_args()
    folder = arguments.into or FilePath(tempfile.mkdtemp(prefix="load-only-pass-"))
    seconds = arguments.seconds
    busy = Step("load-only", seconds + 60.0, params={"seconds": str(seconds)})
    run_without_upgrade(
        (arguments.version, arguments.target), (busy,), keep_busy, OBSERVERS, folder
    )


if __name__ == "__main__":
    main()
