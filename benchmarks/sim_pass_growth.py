"""How the time of a simulated upgrade grows with the number of nodes; no observers.

python benchmarks/sim_pass_growth.py [NODES ...]      (3 10 25 50 by default)
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path as FilePath

import psutil

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.providers.sim import SimProvider, SimSettings
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade import Executor, Marks, Path, Step
from upgrade_e2e.version import KubeVersion

PATH = Path((KubeVersion.parse("v1.33.13"), KubeVersion.parse("v1.34.4")))
SHOWN = ("create", "kubeadm-apply", "roll-addons", "drain", "swap-kubelet")
MIB = 2**20


class Silent:
    """Watches without a word."""

    def began(self, name: str, node: str = "") -> None:
        """See Watcher."""

    def ended(self, span: Span) -> None:
        """See Watcher."""


def measure(nodes: int, folder: FilePath) -> None:
    provider = SimProvider(SimSettings(workdir=folder, workers=nodes - 1))
    plan = provider.plan(PATH)
    marks = Marks(Origin())
    made: list[Cluster] = []

    def perform(step: Step) -> None:
        if step.kind == "create":
            made.append(provider.create(plan, marks))
        else:
            provider.perform(step, made[0])

    executor = Executor(perform, Silent(), marks)
    began = time.monotonic()
    try:
        executor.run(plan.steps)
        took_s = time.monotonic() - began
        children = [psutil.Process().children()[0]]
        children += children[0].children(recursive=True)
        cpu_s = sum(sum(child.cpu_times()[:2]) for child in children)
        rss = children[0].memory_info().rss / MIB
    finally:
        provider.close()
    spent: Counter[str] = Counter()
    for span in executor.spans:
        if not span.parent:
            spent[span.kind] += span.duration_s
    parts = ", ".join(f"{kind} {spent[kind]:.1f}" for kind in SHOWN)
    print(f"{nodes} nodes: {took_s:.1f} s ({parts}); cpu {cpu_s:.1f} s, {rss:.0f} MiB", flush=True)


def main() -> None:
    for nodes in [int(word) for word in sys.argv[1:]] or [3, 10, 25, 50]:
        with tempfile.TemporaryDirectory() as folder:
            measure(nodes, FilePath(folder))


if __name__ == "__main__":
    main()
