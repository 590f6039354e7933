"""The fault of a kubelet that leaks: memory that grows in its cgroup, on one worker."""

from __future__ import annotations

from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.command import Runner
from upgrade_e2e.providers.kind.delivery import runner_of, write_file
from upgrade_e2e.providers.kind.leak_script import GROWN_FILE, HELD_S, SCRIPT, SCRIPT_FILE
from upgrade_e2e.upgrade.fault_values import Leak
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["leak_in_kubelet"]


def leak_in_kubelet(cluster: Cluster, leak: Leak) -> None:
    """Begin to grow in the cgroup of the kubelet on the last worker, and go on in the background.

    The kubelet's own process stays as it is: what grows is the memory of its unit. It ends with the
    node, with the pass where the cluster stays, or by itself. Raises Hopeless or DeadlinePassed
    where nothing grows.
    """
    node = (cluster.upgraded_workers or cluster.nodes)[-1]
    runner = runner_of(node)
    write_file(runner, SCRIPT_FILE, SCRIPT)
    runner.run("rm", "-f", GROWN_FILE, timeout_s=60)
    growing = f"{leak.mib} {leak.seconds:g} {GROWN_FILE} {HELD_S}"
    # A session of its own, so that it goes on when this command has ended.
    started = f"setsid sh {SCRIPT_FILE} {growing} > {SCRIPT_FILE}.log 2>&1 < /dev/null &"
    runner.run("sh", "-c", started, timeout_s=60)
    _wait_for_growth(node, runner)


def _wait_for_growth(node: Node, runner: Runner) -> None:
    """Wait until something has grown: a leak that is not there proves nothing."""

    def grown() -> str:
        return runner.run("cat", GROWN_FILE, timeout_s=60, check=False).stdout.strip()

    def ended(_: str) -> str | None:
        return runner.run("cat", f"{SCRIPT_FILE}.log", timeout_s=60).stdout.strip() or None

    wait_for(
        f"the leak in the kubelet of {node.name} to begin",
        grown,
        lambda mib: mib not in {"", "0"},
        Deadline(within_s=60, every_s=0.5),
        hopeless=ended,
    )
