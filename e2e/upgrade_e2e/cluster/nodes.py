"""Nodes as the API shows them, and the names that steps give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster.addons import Addon
from upgrade_e2e.cluster.asking import condition
from upgrade_e2e.cluster.handle import Cluster, Node
from upgrade_e2e.cluster.pods import is_ready
from upgrade_e2e.errors import BadInput

__all__ = ["NodeHealth", "is_node_ready", "kubelet_version", "node_health", "node_of", "not_ready"]

_NODES = "/api/v1/nodes"
_PODS = "/api/v1/namespaces/kube-system/pods"
_PROXIES = f"{_PODS}?labelSelector=k8s-app%3Dkube-proxy"


@dataclass(frozen=True)
class NodeHealth:
    """Whether the nodes serve: `not_ready` are names, `proxies_ready` counts pods of kube-proxy.

    `proxies_wanted` is how many there must be: one on each node where it is None.
    """

    nodes: int
    not_ready: tuple[str, ...]
    proxies_ready: int
    proxies_wanted: int | None = None

    @property
    def is_good(self) -> bool:
        """All nodes are Ready, with as many ready kube-proxies as there must be."""
        wanted = self.nodes if self.proxies_wanted is None else self.proxies_wanted
        return not self.not_ready and self.proxies_ready == wanted


def node_health(cluster: Cluster, proxies: Sequence[Addon] | None = None) -> NodeHealth:
    """Read once, without trying again: raises one of TRANSIENT_API_ERRORS.

    `proxies` are the workloads that are kube-proxy in this cluster, which may have none or one of
    another name; None stands for the one that kubeadm makes.
    """
    shown = cluster.api.get_json(_NODES)["items"]
    if proxies is None:
        pods, wanted = cluster.api.get_json(_PROXIES)["items"], None
    else:
        every = cluster.api.get_json(_PODS)["items"] if proxies else []
        pods = [pod for proxy in proxies for pod in proxy.pods_among(every)]
        wanted = sum(len(shown) if one.everywhere else one.rollout.wanted for one in proxies)
    return NodeHealth(
        nodes=len(shown),
        not_ready=not_ready(cluster, shown),
        proxies_ready=sum(is_ready(pod) for pod in pods),
        proxies_wanted=wanted,
    )


def not_ready(cluster: Cluster, shown: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The nodes of the cluster that the API does not show as Ready, or not at all."""
    ready = {node["metadata"]["name"] for node in shown if is_node_ready(node)}
    return tuple(sorted({node.name for node in cluster.nodes} - ready))


def is_node_ready(node: Mapping[str, Any]) -> bool:
    """Whether a Node is Ready."""
    return condition(node, "Ready")


def kubelet_version(node: Mapping[str, Any]) -> str:
    """The version that a node's kubelet reports (`v1.34.3`)."""
    return str(node["status"]["nodeInfo"]["kubeletVersion"])


def node_of(cluster: Cluster, short: str) -> Node:
    """The node `dev-worker2` of the short name `worker2` in the cluster `dev`.

    Raises BadInput for a node that is not there.
    """
    prefix = f"{cluster.name}-"
    for node in cluster.nodes:
        if node.name == prefix + short:
            return node
    known = ", ".join(node.name.removeprefix(prefix) for node in cluster.nodes)
    raise BadInput(f"there is no node {short!r}; the cluster has {known}.")
