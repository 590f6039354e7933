"""Reading back what the cluster is made of, against the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from upgrade_e2e.cluster import Api, Cluster
from upgrade_e2e.providers.sim.asking import TRANSIENT, condition, get, items
from upgrade_e2e.providers.sim.release import STATIC_PODS, images_of, short_name, tag_of
from upgrade_e2e.upgrade import Component, Inventory
from upgrade_e2e.version import KubeVersion

__all__ = ["inspect"]

_SYSTEM = "/api/v1/namespaces/kube-system"
_STUCK_AFTER_S = 10.0
"""A pod that is not running, or not gone, this long after it should be is stuck."""
_WORKLOADS = (
    ("deployments", "spec", "replicas", "availableReplicas"),
    ("daemonsets", "status", "desiredNumberScheduled", "numberReady"),
)
_SECONDS_A_DAY = 86400


def inspect(cluster: Cluster, target: KubeVersion, before: Path, certificate: Path) -> Inventory:
    """The state as the API tells it; `before` is the kubeconfig from before the upgrade."""
    components = (*_kubelets(cluster, target), *_pods(cluster, target))
    config = get(cluster, f"{_SYSTEM}/configmaps/kubeadm-config")["data"]["ClusterConfiguration"]
    uploaded = f"kubernetesVersion: {target}\n" in config
    return Inventory(
        components=components,
        stuck_pods=tuple(_stuck(cluster)),
        missing_workloads=tuple(_missing(cluster)),
        nothing_left_to_do=uploaded and all(part.at_target for part in components),
        old_kubeconfig_works=_reaches(before),
        certificates_expire_in_d=_days_left(certificate),
    )


def _kubelets(cluster: Cluster, target: KubeVersion) -> Iterator[Component]:
    for node in items(cluster, "/api/v1/nodes"):
        found = node["status"]["nodeInfo"]["kubeletVersion"]
        yield Component("kubelet", node["metadata"]["name"], found, str(target))


def _pods(cluster: Cluster, target: KubeVersion) -> Iterator[Component]:
    wanted = images_of(target)
    for pod in items(cluster, f"{_SYSTEM}/pods"):
        name = short_name(pod["spec"]["containers"][0]["image"])
        if name in {*STATIC_PODS, "kube-proxy", "coredns"}:
            found = tag_of(pod["spec"]["containers"][0]["image"])
            node = "" if name == "coredns" else pod["spec"].get("nodeName", "")
            yield Component(name, node, found, wanted.tag(name))


def _stuck(cluster: Cluster) -> Iterator[str]:
    for pod in items(cluster, "/api/v1/pods"):
        meta = pod["metadata"]
        why = _why_stuck(pod)
        if why:
            yield f"{meta['namespace']}/{meta['name']}: {why}"


def _why_stuck(pod: Mapping[str, Any]) -> str:
    meta, phase = pod["metadata"], pod["status"].get("phase", "Unknown")
    deleted = meta.get("deletionTimestamp")
    if deleted:
        return "still terminating" if _age_s(deleted) > _STUCK_AFTER_S else ""
    if phase == "Failed":
        return "Failed"
    well = phase == "Succeeded" or condition(pod, "Ready")
    if well or _age_s(meta["creationTimestamp"]) <= _STUCK_AFTER_S:
        return ""
    return f"{phase}, not ready"


def _age_s(stamp: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


def _missing(cluster: Cluster) -> Iterator[str]:
    for plural, part, asked, key in _WORKLOADS:
        for workload in items(cluster, f"/apis/apps/v1/{plural}"):
            wanted = workload[part].get(asked, 0)
            ready = workload["status"].get(key, 0)
            if ready < wanted:
                meta = workload["metadata"]
                name = f"{plural.removesuffix('s')} {meta['namespace']}/{meta['name']}"
                yield f"{name} has {ready} of {wanted} replicas"


def _reaches(kubeconfig: Path) -> bool:
    api = Api.from_kubeconfig(kubeconfig)
    try:
        api.get_json("/api/v1/namespaces/default")
    except TRANSIENT:
        return False
    return True


def _days_left(certificate: Path) -> float:
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    left = read.not_valid_after_utc - datetime.now(UTC)
    return left.total_seconds() / _SECONDS_A_DAY
