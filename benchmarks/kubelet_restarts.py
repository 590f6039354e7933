"""What a restart of the kubelet alone does to requests, node by node.

    python benchmarks/kubelet_restarts.py v1.34.4 v1.35.4 --times 5

Makes the cluster of a plain pass at the first version, with the web service and the edge of the
scenario `rollout_502`. In place of the upgrade it restarts the kubelet of each node, again and
again, and changes nothing else. Prints how many requests failed, and how many took longer than
half a second, after each restart. Artifacts, with all samples, go to `--into`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path as FilePath

import numpy as np

sys.path.insert(0, str(FilePath(__file__).parent.parent))

from benchmarks.without_upgrade import run_without_upgrade
from scenarios import test_rollout_502
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.run.saved import load_pass
from upgrade_e2e.timeline import Outcome, Timeline
from upgrade_e2e.upgrade import Step

RESTART = "restart-kubelet"
SLOW_US = 500_000
NODES = ("control-plane", "worker", "worker2")


def restart_kubelet(step: Step, cluster: Cluster) -> None:
    """Restart one kubelet and leave the cluster alone for a while."""
    (node,) = (one for one in cluster.nodes if one.name.endswith(f"-{step.node}"))
    assert node.runner is not None
    node.runner.run("systemctl", "restart", "kubelet", timeout_s=30)
    time.sleep(float(step.params["quiet_s"]))


def restarts(times: int, quiet_s: float) -> tuple[Step, ...]:
    """One restart of each kubelet, again and again."""
    return tuple(
        Step(RESTART, quiet_s + 60, node=node, about=str(number), params={"quiet_s": str(quiet_s)})
        for number in range(1, times + 1)
        for node in NODES
    )


def rows(timeline: Timeline) -> Iterator[str]:
    """One line of Markdown for each restart."""
    yield "| Restart | " + " | ".join(f"{name} failed, slow" for name in timeline.samples) + " |"
    yield "|---" * (len(timeline.samples) + 1) + "|"
    for span in (span for span in timeline.spans if span.kind == RESTART):
        cells = [span.name.removeprefix(f"{RESTART} ")]
        for samples in timeline.samples.values():
            begin, end = span.start_s * 1e6, span.end_s * 1e6
            during = (samples.intended_us >= begin) & (samples.intended_us < end)
            good = samples.outcome == Outcome.OK
            lost = ~good & (samples.outcome != Outcome.NOT_SENT)
            took_us = samples.latency_us.astype(np.int64) - samples.lateness_us
            slow = good & (took_us > SLOW_US)
            cells.append(f"{(lost & during).sum()}, {(slow & during).sum()}")
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Run the pass and print what each restart did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version")
    parser.add_argument("target")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--quiet", type=float, default=10.0, help="seconds after each restart")
    parser.add_argument("--into", type=FilePath, default=None)
    given = parser.parse_args()
    folder = given.into or FilePath(tempfile.mkdtemp(prefix="kubelet-restarts-"))
    run_without_upgrade(
        (given.version, given.target),
        restarts(given.times, given.quiet),
        restart_kubelet,
        (test_rollout_502.WEB, test_rollout_502.EDGE),
        folder,
    )
    print("\n".join(rows(load_pass(folder).timeline)))


if __name__ == "__main__":
    main()
