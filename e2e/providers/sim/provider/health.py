"""Waiting until parts of the cluster are as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from e2e.cluster import Cluster
from e2e.providers.sim.provider.asking import TRANSIENT, condition, full_name
from e2e.wait import Deadline, wait_for

__all__ = ["addons_rolled", "check", "node_ready", "static_pod_ready", "whole"]

_APPS = "/apis/apps/v1/namespaces/kube-system"
_POLL_S = 0.1


def node_ready(cluster: Cluster, node: str, version: str, within_s: float) -> None:
    """Wait until a node is Ready at exactly this version."""

    def look() -> tuple[str, bool]:
        found = cluster.api.get_json(f"/api/v1/nodes/{node}")
        return found["status"]["nodeInfo"]["kubeletVersion"], condition(found, "Ready")

    wait_for(
        f"{node} Ready at exactly {version}",
        look,
        lambda seen: seen == (version, True),
        Deadline(within_s, _POLL_S),
        transient=TRANSIENT,
    )


def static_pod_ready(
    cluster: Cluster, short: str, component: str, image: str, within_s: float
) -> None:
    """Wait until the API shows a static pod of this image that is Ready, seen anew each time."""
    path = f"/api/v1/namespaces/kube-system/pods/{component}-{full_name(cluster, short)}"

    def look() -> tuple[str, bool]:
        pod = cluster.api.get_json(path)
        return pod["spec"]["containers"][0]["image"], condition(pod, "Ready")

    wait_for(
        f"{component} on {short} ready at {image}",
        look,
        lambda seen: seen == (image, True),
        Deadline(within_s, _POLL_S),
        transient=TRANSIENT,
    )


def addons_rolled(cluster: Cluster, images: Mapping[str, str], within_s: float) -> None:
    """Wait until CoreDNS and kube-proxy run `images` everywhere."""
    wait_for(
        "CoreDNS and kube-proxy rolled to their images",
        lambda: (_coredns(cluster), _kube_proxy(cluster)),
        lambda seen: seen == ((images["coredns"], True), (images["kube-proxy"], True)),
        Deadline(within_s, _POLL_S),
        transient=TRANSIENT,
    )


def whole(cluster: Cluster, within_s: float) -> None:
    """Wait until all nodes are Ready and the addons are whole, at whatever version."""
    wait_for(
        "all nodes Ready, CoreDNS and kube-proxy whole",
        lambda: (_nodes_ready(cluster), _coredns(cluster)[1], _kube_proxy(cluster)[1]),
        all,
        Deadline(within_s, _POLL_S),
        transient=TRANSIENT,
    )


def check(cluster: Cluster, within_s: float) -> None:
    """Between nodes: all Ready, one kube-proxy ready on each."""
    wait_for(
        "all nodes Ready and one kube-proxy ready on each",
        lambda: (_nodes_ready(cluster), _kube_proxy(cluster)[1]),
        all,
        Deadline(within_s, _POLL_S),
        transient=TRANSIENT,
    )


def _nodes_ready(cluster: Cluster) -> bool:
    found = cluster.api.get_json("/api/v1/nodes")["items"]
    return len(found) == len(cluster.nodes) and all(condition(node, "Ready") for node in found)


def _coredns(cluster: Cluster) -> tuple[str, bool]:
    found = cluster.api.get_json(f"{_APPS}/deployments/coredns")
    status, wanted = found["status"], found["spec"]["replicas"]
    keys = ("replicas", "updatedReplicas", "availableReplicas")
    return _image(found), _observed(found) and all(status.get(key, 0) == wanted for key in keys)


def _kube_proxy(cluster: Cluster) -> tuple[str, bool]:
    found = cluster.api.get_json(f"{_APPS}/daemonsets/kube-proxy")
    keys = ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady")
    counts = [found["status"].get(key, 0) for key in keys]
    return _image(found), _observed(found) and counts == [len(cluster.nodes)] * len(keys)


def _image(workload: Mapping[str, Any]) -> str:
    return str(workload["spec"]["template"]["spec"]["containers"][0]["image"])


def _observed(workload: Mapping[str, Any]) -> bool:
    seen = workload["status"].get("observedGeneration", 0)
    return bool(seen >= workload["metadata"]["generation"])
