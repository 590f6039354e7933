"""What must hold between two nodes, and that the addons have been rolled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.nodes import is_node_ready
from upgrade_e2e.providers.kind.static_pods import is_ready
from upgrade_e2e.wait import Deadline, wait_for

__all__ = [
    "Health",
    "check",
    "images_of",
    "roll_addons",
    "wait_until_nodes_ready",
    "wait_until_whole",
]

KUBE_SYSTEM = "/namespaces/kube-system"
KUBE_PROXY = f"/apis/apps/v1{KUBE_SYSTEM}/daemonsets/kube-proxy"
COREDNS = f"/apis/apps/v1{KUBE_SYSTEM}/deployments/coredns"
_PKI = "/etc/kubernetes/pki/etcd"
ETCD_HEALTH = (
    *("etcdctl", "--endpoints=https://127.0.0.1:2379", f"--cacert={_PKI}/ca.crt"),
    *(f"--cert={_PKI}/server.crt", f"--key={_PKI}/server.key"),
    *("endpoint", "health", "--cluster", "--write-out=json"),
)
TRANSIENT: tuple[type[Exception], ...] = (CommandFailed, *TRANSIENT_API_ERRORS)


@dataclass(frozen=True)
class Health:
    """The state of the cluster between two nodes."""

    nodes: int
    not_ready: tuple[str, ...]
    proxies_ready: int
    etcd_members: int
    etcd_healthy: int
    control_planes: int

    @property
    def is_good(self) -> bool:
        """All nodes Ready, a kube-proxy on each, and every control plane's etcd healthy."""
        return (
            not self.not_ready
            and self.proxies_ready == self.nodes
            and self.etcd_healthy == self.etcd_members == self.control_planes
        )


@dataclass(frozen=True)
class Rollout:
    """How far an addon has been rolled.

    `wanted`, `updated` and `ready` count replicas; `total` counts those of the old image too.
    `observed` tells whether its controller has seen the latest change.
    """

    name: str
    image: str
    wanted: int
    updated: int
    ready: int
    total: int
    observed: bool

    def is_done(self, image: str) -> bool:
        """All replicas run the image and are ready, and none of the old ones is left."""
        counts = {self.wanted, self.updated, self.ready, self.total}
        return self.observed and self.image == image and len(counts) == 1


def check(cluster: Cluster, within_s: float) -> None:
    """Wait until the cluster is healthy enough to take down the next node."""
    wait_for(
        "all nodes Ready, a ready kube-proxy on each and a healthy etcd",
        lambda: observe(cluster),
        lambda seen: seen.is_good,
        Deadline(within_s, every_s=0.5),
        transient=TRANSIENT,
    )


def wait_until_nodes_ready(cluster: Cluster, within_s: float) -> None:
    """Wait until all nodes of a new cluster are Ready."""
    wait_for(
        "all nodes Ready",
        lambda: _ready(cluster.api.get_json("/api/v1/nodes")["items"]),
        lambda ready: ready >= {node.name for node in cluster.nodes},
        Deadline(within_s, every_s=0.5),
        transient=TRANSIENT,
    )


def wait_until_whole(cluster: Cluster, within_s: float) -> None:
    """Wait until a cluster is fit to be watched: as `check`, and all of CoreDNS is ready."""
    check(cluster, within_s)
    wait_for(
        "CoreDNS ready",
        lambda: coredns(cluster.api.get_json(COREDNS)),
        lambda seen: seen.is_done(seen.image),
        Deadline(within_s, every_s=0.5),
        transient=TRANSIENT,
    )


def roll_addons(cluster: Cluster, images: Mapping[str, str], within_s: float) -> None:
    """Wait until CoreDNS and kube-proxy run their new images everywhere."""

    def look() -> tuple[Rollout, Rollout]:
        api = cluster.api
        return coredns(api.get_json(COREDNS)), kube_proxy(api.get_json(KUBE_PROXY))

    wait_for(
        "CoreDNS and kube-proxy rolled to their new images",
        look,
        lambda seen: all(part.is_done(images[part.name]) for part in seen),
        Deadline(within_s, every_s=0.5),
        transient=TRANSIENT,
    )


def observe(cluster: Cluster) -> Health:
    """Ask the API for nodes and proxies, and etcd for its members."""
    nodes = cluster.api.get_json("/api/v1/nodes")["items"]
    proxies = cluster.api.get_json(f"/api/v1{KUBE_SYSTEM}/pods?labelSelector=k8s-app%3Dkube-proxy")
    members = etcd_members(cluster)
    return Health(
        nodes=len(nodes),
        not_ready=tuple(sorted({node.name for node in cluster.nodes} - _ready(nodes))),
        proxies_ready=sum(is_ready(pod) for pod in proxies["items"]),
        etcd_members=len(members),
        etcd_healthy=sum(bool(member["health"]) for member in members),
        control_planes=len(cluster.control_planes),
    )


def _ready(nodes: Iterable[Mapping[str, Any]]) -> set[str]:
    return {node["metadata"]["name"] for node in nodes if is_node_ready(node)}


def etcd_members(cluster: Cluster) -> list[dict[str, Any]]:
    """Each member's health as etcd itself tells it."""
    first = cluster.control_planes[0]
    argv = ("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "--namespace", "kube-system")
    told = runner_of(first).run(
        *argv, "exec", f"etcd-{first.name}", "--", *ETCD_HEALTH, timeout_s=30
    )
    members: list[dict[str, Any]] = json.loads(told.stdout)
    return members


def images_of(runner: Runner, kubeadm: str, version: str) -> dict[str, str]:
    """The images that a kubeadm wants for a version, by component (`etcd`, `coredns`, ...)."""
    argv = (kubeadm, "config", "images", "list", "--kubernetes-version", version)
    names = runner.run(*argv, timeout_s=60).stdout.split()
    return {name.rpartition("/")[2].partition(":")[0]: name for name in names}


def coredns(deployment: Mapping[str, Any]) -> Rollout:
    """How far the Deployment has been rolled."""
    status = deployment.get("status") or {}
    return Rollout(
        name="coredns",
        image=_image(deployment),
        wanted=deployment["spec"]["replicas"],
        updated=status.get("updatedReplicas", 0),
        ready=status.get("availableReplicas", 0),
        total=status.get("replicas", 0),
        observed=_observed(deployment),
    )


def kube_proxy(daemon_set: Mapping[str, Any]) -> Rollout:
    """How far the DaemonSet has been rolled."""
    status = daemon_set.get("status") or {}
    return Rollout(
        name="kube-proxy",
        image=_image(daemon_set),
        wanted=status.get("desiredNumberScheduled", 0),
        updated=status.get("updatedNumberScheduled", 0),
        ready=status.get("numberReady", 0),
        total=status.get("currentNumberScheduled", 0),
        observed=_observed(daemon_set),
    )


def _image(workload: Mapping[str, Any]) -> str:
    return str(workload["spec"]["template"]["spec"]["containers"][0]["image"])


def _observed(workload: Mapping[str, Any]) -> bool:
    seen = (workload.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= workload["metadata"]["generation"])
