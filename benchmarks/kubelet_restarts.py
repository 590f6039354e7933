"""What a restart of the kubelet alone does to requests, node by node.

    python benchmarks/kubelet_restarts.py v1.34.4 v1.35.4 --times 5

Makes the cluster of a plain pass at the first version, with the web service and the edge of the
scenario `rollout_502`. In place of the upgrade it restarts the kubelet of each node, again and
again, and changes nothing else. Prints how many requests failed, and how many took longer than
half a second, after each restart. Artifacts, with all samples, go to `--into`.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path as FilePath

import numpy as np

from scenarios import test_rollout_502
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.report import render_run
from upgrade_e2e.run import Claim, ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.run.saved import load_pass
from upgrade_e2e.timeline import Origin, Outcome, Timeline
from upgrade_e2e.upgrade import Path, Plan, Step
from upgrade_e2e.version import KubeVersion

RESTART = "restart-kubelet"
SLOW_US = 500_000
NODES = ("control-plane", "worker", "worker2")


class Restarting:
    """A provider whose only upgrade steps are `restart-kubelet`; the rest is the real one's."""

    def __init__(self, real: Provider) -> None:
        self.real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def perform(self, step: Step, cluster: Cluster) -> None:
        """Restart one kubelet and leave the cluster alone for a while."""
        if step.kind != RESTART:
            self.real.perform(step, cluster)
            return
        (node,) = (one for one in cluster.nodes if one.name.endswith(f"-{step.node}"))
        assert node.runner is not None
        node.runner.run("systemctl", "restart", "kubelet", timeout_s=30)
        time.sleep(float(step.params["quiet_s"]))


def restarting_plan(real: Plan, times: int, quiet_s: float) -> Plan:
    """The real plan's creation, then restarts in turn."""
    restarts = tuple(
        Step(RESTART, quiet_s + 60, node=node, about=str(number), params={"quiet_s": str(quiet_s)})
        for number in range(1, times + 1)
        for node in NODES
    )
    return Plan(real.provider, real.path, real.prepare[:1], restarts, (), {RESTART: "no upgrade"})


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
    settings = PassSettings()
    provider = make_provider(settings, folder / "work")
    path = Path((KubeVersion.parse(given.version), KubeVersion.parse(given.target)))
    judged = JudgedPass(
        plan=restarting_plan(provider.plan(path), given.times, given.quiet),
        settings=settings,
        limits=Limits.default(),
        folder=folder,
        provider=Restarting(provider),  # type: ignore[arg-type]
    )
    observers = (test_rollout_502.WEB, test_rollout_502.EDGE)
    watched = Claim("watched", "Every observer watches.", lambda *_: None, observers)
    origin = Origin()
    with contextlib.closing(ConsoleProgress(sys.stderr, origin)) as progress:
        print(render_run(run_pass(judged, [watched], progress, origin)))
    print("\n".join(rows(load_pass(folder).timeline)))


if __name__ == "__main__":
    main()
