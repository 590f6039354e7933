"""A pass without an upgrade, under load: what do busy cores alone do to probes?

Makes the same cluster with the same workloads and probers as a plain pass. In place of the upgrade
it keeps every core busy, from inside the control plane node, for as long as an upgrade takes, and
changes nothing. What the observers see then comes from the machine, not from the upgrade.

    python benchmarks/load_only_pass.py v1.33.13 --seconds 240
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path as FilePath

from scenarios import test_api_availability, test_dns_latency, test_pod_churn, test_rollout_502
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.report import render_run
from upgrade_e2e.run import Claim, ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Path, Plan, Step
from upgrade_e2e.version import KubeVersion

OBSERVERS = (
    test_dns_latency.LOOKUPS,
    test_rollout_502.WEB,
    test_rollout_502.EDGE,
    test_pod_churn.CHURN,
    test_api_availability.API,
)


class WithoutUpgrade:
    """A provider whose only upgrade step is `busy`; everything else is the real one's."""

    def __init__(self, real: Provider) -> None:
        self.real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def perform(self, step: Step, cluster: Cluster) -> None:
        """Keep every core busy from inside the first control plane."""
        if step.kind != "busy":
            self.real.perform(step, cluster)
            return
        runner = cluster.control_planes[0].runner
        assert runner is not None
        spin = f"end=$(($(date +%s)+{step.params['seconds']})); "
        spin += "while [ $(date +%s) -lt $end ]; do i=0; "
        spin += "while [ $i -lt 20000 ]; do i=$((i+1)); done; done"
        command = " & ".join([f"sh -c '{spin}'"] * (os.cpu_count() or 1)) + " & wait"
        runner.run("sh", "-c", command, timeout_s=step.timeout_s)


def load_only_plan(real: Plan, seconds: int) -> Plan:
    """The real plan's creation, then nothing but load."""
    busy = Step("busy", seconds + 60.0, params={"seconds": str(seconds)})
    return Plan(
        real.provider, real.path, real.prepare[:1], (busy,), (), {"load-only": "no upgrade"}
    )


def main() -> None:
    """Run the pass under load and print its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("target", nargs="?", default="v1.34.4")
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--into", type=FilePath, default=None)
    arguments = parser.parse_args()
    folder = arguments.into or FilePath(tempfile.mkdtemp(prefix="load-only-pass-"))
    settings = PassSettings()
    provider = make_provider(settings, folder / "work")
    path = Path((KubeVersion.parse(arguments.version), KubeVersion.parse(arguments.target)))
    judged = JudgedPass(
        plan=load_only_plan(provider.plan(path), arguments.seconds),
        settings=settings,
        limits=Limits.default(),
        folder=folder,
        provider=WithoutUpgrade(provider),  # type: ignore[arg-type]
    )
    watched = Claim("watched", "Every observer watches.", lambda *_: None, OBSERVERS)
    origin = Origin()
    with contextlib.closing(ConsoleProgress(sys.stderr, origin)) as progress:
        print(render_run(run_pass(judged, [watched], progress, origin)))


if __name__ == "__main__":
    main()
