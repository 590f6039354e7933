"""Faults of the container network: a slow CNI program, and a kube-proxy that is held."""

from __future__ import annotations

import json
from dataclasses import dataclass

from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.providers.kind.delivery import on_all, runner_of, write_file
from upgrade_e2e.providers.kind.undoing import CNI_PROGRAMS, KEPT
from upgrade_e2e.upgrade import Step
from upgrade_e2e.upgrade.fault_values import seconds

__all__ = ["HELD", "HOLD_KUBE_PROXY", "NetworkFaults", "plant_slow_cni", "put_back_cni"]

HELD = "/run/upgrade-e2e-kube-proxy-held"
"""There once kube-proxy was stopped."""
_HOLD = f"""\
for turn in $(seq 4000); do
  pid=$(pgrep --oldest --exact kube-proxy) && break
  sleep 0.03
done
[ -n "$pid" ] || exit 1
kill -STOP "$pid"
touch {HELD}
sleep "$1"
kill -CONT "$pid"
"""
HOLD_KUBE_PROXY = ("sh", "-c", _HOLD, "hold")
"""Stops kube-proxy as soon as it is there, before it has written a rule; its one argument is after
how many seconds it goes on."""
_CONF_FOLDER = "/etc/cni/net.d"
_SLOW = """\
#!/bin/sh
[ "$CNI_COMMAND" = ADD ] && sleep {delay_s:g}
exec {kept}/{name} "$@"
"""


def plant_slow_cni(cluster: Cluster, delay_s: float) -> None:
    """Wrap the CNI program of every worker by one that sleeps before it adds a pod.

    In a cluster without workers all nodes have it. Raises FaultNotPlanted where a node has no such
    program.
    """
    on_all(_afflicted(cluster), lambda node: _wrap(node, delay_s))


def put_back_cni(cluster: Cluster) -> None:
    """Put the programs back where they were; a node without a wrapped one stays as it is."""
    on_all(_afflicted(cluster), _unwrap)


def first_plugin(conf: str, file: str) -> str:
    """The name of the program that a network configuration begins with; raises FaultNotPlanted."""
    try:
        read = json.loads(conf)
        chain = read.get("plugins") or [read]
        return str(chain[0]["type"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise FaultNotPlanted(
            f"{file} is no network configuration ({error}); see what the network plugin wrote "
            "there."
        ) from error


def _afflicted(cluster: Cluster) -> tuple[Node, ...]:
    return cluster.upgraded_workers or cluster.control_planes


def _wrap(node: Node, delay_s: float) -> None:
    runner = runner_of(node)
    names = runner.run("ls", _CONF_FOLDER, timeout_s=60).stdout.split()
    files = sorted(name for name in names if name.endswith((".conf", ".conflist", ".json")))
    if not files:
        raise FaultNotPlanted(
            f"{node.name} has no network configuration in {_CONF_FOLDER}, so there is no CNI "
            "program to slow down; see whether the network plugin runs there."
        )
    file = f"{_CONF_FOLDER}/{files[0]}"
    name = first_plugin(runner.run("cat", file, timeout_s=60).stdout, file)
    program = f"{CNI_PROGRAMS}/{name}"
    runner.run("mkdir", "-p", KEPT, timeout_s=60)
    if runner.run("test", "-e", f"{KEPT}/{name}", timeout_s=60, check=False).returncode != 0:
        # A copy, so that there is a program at every moment.
        runner.run("cp", "--dereference", program, KEPT, timeout_s=60)
    wrapper = f"{KEPT}/slow-{name}"
    write_file(runner, wrapper, _SLOW.format(delay_s=delay_s, kept=KEPT, name=name))
    runner.run("chmod", "755", wrapper, timeout_s=60)
    runner.run("mv", "--force", wrapper, program, timeout_s=60)


def _unwrap(node: Node) -> None:
    runner = runner_of(node)
    kept = runner.run("ls", KEPT, timeout_s=60, check=False).stdout.split()
    for name in kept:
        runner.run("mv", "--force", f"{KEPT}/{name}", f"{CNI_PROGRAMS}/{name}", timeout_s=60)


@dataclass
class NetworkFaults:
    """The faults of the network that one pass has planted.

    `hold_kube_proxy_s` is how long kube-proxy of a node that is yet to join is to be held; 0 for
    not at all.
    """

    hold_kube_proxy_s: float = 0.0
    _slowed: Cluster | None = None

    def plant(self, step: Step, cluster: Cluster) -> bool:
        """Do one `plant` step if it is about the network; says whether it was."""
        match step.params["fault"]:
            case "late-kube-proxy":
                self.hold_kube_proxy_s = seconds(step.params["value"])
            case "slow-cni":
                self._slowed = cluster
                plant_slow_cni(cluster, seconds(step.params["value"]))
            case _:
                return False
        return True

    def put_back(self) -> None:
        """Undo what is left on nodes that stay."""
        slowed, self._slowed = self._slowed, None
        if slowed is not None:
            put_back_cni(slowed)
