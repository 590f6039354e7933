"""What must hold between two nodes, and that the addons have been rolled."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.cluster.addons import Addon, read_addons
from upgrade_e2e.cluster.asking import ask
from upgrade_e2e.cluster.nodes import NodeHealth, node_health, not_ready
from upgrade_e2e.cluster.rollout import ADDONS, addon_rollouts, are_at
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.wait import Deadline, wait_for

__all__ = [
    "ClusterHealth",
    "check",
    "roll_addons",
    "wait_until_nodes_ready",
    "wait_until_whole",
]

_PKI = "/etc/kubernetes/pki/etcd"
# `localhost` is 127.0.0.1 or ::1, as etcd listens.
ETCD_HEALTH = (
    *("etcdctl", "--endpoints=https://localhost:2379", f"--cacert={_PKI}/ca.crt"),
    *(f"--cert={_PKI}/server.crt", f"--key={_PKI}/server.key"),
    *("endpoint", "health", "--cluster", "--write-out=json"),
)
TRANSIENT: tuple[type[Exception], ...] = (CommandFailed, *TRANSIENT_API_ERRORS)


@dataclass(frozen=True)
class ClusterHealth:
    """The state of the cluster between two nodes."""

    nodes: NodeHealth
    etcd_members: int
    etcd_healthy: int
    control_planes: int

    @property
    def is_good(self) -> bool:
        """The nodes are well, and so is every control plane's etcd."""
        return self.nodes.is_good and self.etcd_healthy == self.etcd_members == self.control_planes


def check(cluster: Cluster, within_s: float, addons: Sequence[Addon] | None = None) -> None:
    """Wait until the cluster is healthy enough to take down the next node.

    `addons` are those that the cluster has; None stands for those that kubeadm makes.
    """
    wait_for(
        f"all nodes Ready, {_proxies(addons)} and a healthy etcd",
        lambda: observe(cluster, addons),
        lambda seen: seen.is_good,
        Deadline(within_s, every_s=0.5),
        transient=TRANSIENT,
    )


def wait_until_nodes_ready(cluster: Cluster, within_s: float) -> None:
    """Wait until all nodes of a new cluster are Ready."""
    wait_for(
        "all nodes Ready",
        lambda: not_ready(cluster, cluster.api.get_json("/api/v1/nodes")["items"]),
        lambda left: not left,
        Deadline(within_s, every_s=0.5),
        transient=TRANSIENT,
    )


def wait_until_whole(cluster: Cluster, within_s: float) -> None:
    """Wait until a cluster is fit to be watched: as `check`, and its addons are complete."""
    end = time.monotonic() + within_s
    check(cluster, within_s, ask("its addons", lambda: read_addons(cluster)))
    wait_for(
        "CoreDNS and kube-proxy, as far as this cluster has them, whole",
        lambda: read_addons(cluster),
        lambda seen: all(addon.is_well for addon in seen),
        Deadline(max(0.0, end - time.monotonic()), every_s=0.5),
        transient=TRANSIENT,
    )


def roll_addons(cluster: Cluster, images: Mapping[str, str], within_s: float) -> None:
    """Wait until those addons of kubeadm that `images` names run these images everywhere."""
    names = [name for name in ADDONS if name in images]
    wait_for(
        f"{' and '.join(names) or 'no addon'} rolled to the new images",
        lambda: addon_rollouts(cluster, names),
        lambda seen: are_at(seen, images),
        Deadline(within_s, every_s=0.5),
        transient=TRANSIENT,
    )


def observe(cluster: Cluster, addons: Sequence[Addon] | None = None) -> ClusterHealth:
    """Ask the API for nodes and proxies, and etcd for its members."""
    nodes = node_health(cluster, None if addons is None else _proxies_of(addons))
    members = etcd_members(cluster)
    return ClusterHealth(
        nodes=nodes,
        etcd_members=len(members),
        etcd_healthy=sum(bool(member["health"]) for member in members),
        control_planes=len(cluster.control_planes),
    )


def _proxies_of(addons: Sequence[Addon]) -> list[Addon]:
    return [addon for addon in addons if addon.component == "kube-proxy"]


def _proxies(addons: Sequence[Addon] | None) -> str:
    """What is asked of kube-proxy, for people."""
    if addons is None:
        return "a ready kube-proxy on each"
    named = [addon.workload for addon in _proxies_of(addons)]
    return f"all pods of {' and '.join(named)} ready" if named else "no kube-proxy to wait for"


def etcd_members(cluster: Cluster) -> list[dict[str, Any]]:
    """Each member's health, as etcd reports it."""
    first = cluster.control_planes[0]
    argv = ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "--namespace", "kube-system")
    output = runner_of(first).run(
        *argv, "exec", f"etcd-{first.name}", "--", *ETCD_HEALTH, timeout_s=30
    )
    members: list[dict[str, Any]] = json.loads(output.stdout)
    return members
