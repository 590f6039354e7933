"""Taking one drained node through the change of its kubelet: swap, uncordon."""

from __future__ import annotations

from dataclasses import dataclass

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, Node, Role
from upgrade_e2e.cluster.nodes import is_node_ready, kubelet_version, node_of
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.admin import kubectl
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.providers.kind.static_pods import wait_until_settled
from upgrade_e2e.providers.kind.step_time import StepTime
from upgrade_e2e.upgrade import Marks, Step
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["restart_kubelet", "swap_kubelet", "uncordon"]

READY_S = 180.0
SETTLE_S = 240.0
# kind's unit restarts a kubelet that exits after one second; a good one never exits.
TOO_MANY_RESTARTS = 15


@dataclass(frozen=True)
class Kubelet:
    """What the API says of a node's kubelet, and how often systemd had to start it again."""

    version: str
    ready: bool
    restarts: int


def uncordon(step: Step, cluster: Cluster, journal: Journal) -> None:
    """Let pods be scheduled on the node again."""
    with journal.of(step) as write:
        name = node_of(cluster, step.node).name
        kubectl(cluster, "uncordon", name, timeout_s=step.timeout_s, on_line=write)


def swap_kubelet(step: Step, cluster: Cluster, marks: Marks) -> None:
    """Put the staged kubelet and kubectl in place and wait until the node has taken them up."""
    node, version = node_of(cluster, step.node), step.params["version"]
    runner, time = runner_of(node), StepTime.start(step)
    for name in ("kubelet", "kubectl"):
        # `install` removes the old file first: a running program cannot be written to.
        argv = ("install", "--mode=755", staged_file(version, name), f"/usr/bin/{name}")
        runner.run(*argv, timeout_s=60)
    restart_kubelet(node)
    marks.mark("ready")
    wait_until_ready(cluster, node, version, time.within(READY_S))
    if node.role is Role.CONTROL_PLANE:
        marks.mark("static-pods")
        wait_until_settled(cluster, node, time.within(SETTLE_S))


def restart_kubelet(node: Node) -> None:
    """Restart the kubelet, with a fresh count of restarts."""
    runner = runner_of(node)
    runner.run("systemctl", "daemon-reload", timeout_s=60)
    runner.run("systemctl", "reset-failed", "kubelet", timeout_s=60)
    runner.run("systemctl", "restart", "kubelet", timeout_s=60)


def wait_until_ready(cluster: Cluster, node: Node, version: str, within_s: float = READY_S) -> None:
    """Wait until the node is Ready at exactly `version`; raises Hopeless for a kubelet that dies.

    Node status and kubelet version are reported together, so a Ready of the old kubelet is not
    taken for one of the new.
    """
    wait_for(
        f"{node.name} Ready at exactly {version}",
        lambda: _observe(cluster, node),
        lambda seen: seen.ready and seen.version == version,
        Deadline(within_s, every_s=0.5),
        hopeless=lambda seen: _hopeless(node, seen),
        transient=(CommandFailed, *TRANSIENT_API_ERRORS),
    )


def _observe(cluster: Cluster, node: Node) -> Kubelet:
    argv = ("systemctl", "show", "kubelet", "--property=NRestarts", "--value")
    restarts = int(runner_of(node).run(*argv, timeout_s=30).stdout.strip() or 0)
    if restarts > TOO_MANY_RESTARTS:
        return Kubelet(version="", ready=False, restarts=restarts)
    shown = cluster.api.get_json(f"/api/v1/nodes/{node.name}", timeout_s=10)
    return Kubelet(kubelet_version(shown), is_node_ready(shown), restarts)


def _hopeless(node: Node, seen: Kubelet) -> str | None:
    if seen.restarts <= TOO_MANY_RESTARTS:
        return None
    argv = ("journalctl", "--unit=kubelet", "--lines=15", "--output=cat", "--no-pager")
    said = runner_of(node).run(*argv, timeout_s=30, check=False).stdout.strip()
    return f"the kubelet exited {seen.restarts} times in a row; its last words:\n{said}"
