"""Reading back what the cluster is made of, against what the target's kubeadm names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import Api, Cluster
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.providers.kind.asking import ask, items
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.providers.kind.health import images_of
from upgrade_e2e.providers.kind.pods import missing_workloads, stuck_pods
from upgrade_e2e.providers.kind.takeout import UPGRADE_CONFIG
from upgrade_e2e.upgrade import Component, Inventory
from upgrade_e2e.version import KubeVersion

__all__ = ["Target", "inspect"]

SYSTEM_PODS = "/api/v1/namespaces/kube-system/pods"
OLD_KUBECONFIG_S = 30.0
DAY_S = 86400.0
KUBEADM_S = 120.0
# The label by which a component's pods are found, and the label's value for it.
_LABELLED = {
    "kube-apiserver": ("component", "kube-apiserver"),
    "kube-controller-manager": ("component", "kube-controller-manager"),
    "kube-scheduler": ("component", "kube-scheduler"),
    "etcd": ("component", "etcd"),
    "kube-proxy": ("k8s-app", "kube-proxy"),
    "coredns": ("k8s-app", "kube-dns"),
}


@dataclass(frozen=True)
class Target:
    """A version that the cluster is compared with, and the kubeconfig from before."""

    version: KubeVersion
    old_kubeconfig: Path


def inspect(cluster: Cluster, target: Target) -> Inventory:
    """Everything that success is claimed from, read once; kubeadm's slow answers side by side."""
    pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="inspect")
    try:
        no_plan = pool.submit(_offers_nothing, cluster, target.version)
        no_diff = pool.submit(_writes_nothing, cluster, target.version)
        days = pool.submit(_certificate_days, cluster, target.version)
        pods = items(cluster, "/api/v1/pods")
        return Inventory(
            components=tuple(components(cluster, target.version)),
            stuck_pods=stuck_pods(pods),
            missing_workloads=missing_workloads(cluster),
            nothing_left_to_do=no_plan.result() and no_diff.result(),
            old_kubeconfig_works=_works(target.old_kubeconfig),
            certificates_expire_in_d=days.result(),
        )
    finally:  # an interruption is not held up: the commands end with the containers
        pool.shutdown(wait=False, cancel_futures=True)


def components(cluster: Cluster, version: KubeVersion) -> Iterator[Component]:
    """Each component on each node: what it runs, what it should run."""
    for node in items(cluster, "/api/v1/nodes"):
        found = node["status"]["nodeInfo"]["kubeletVersion"]
        yield Component("kubelet", node["metadata"]["name"], found, str(version))
    first = runner_of(cluster.control_planes[0])
    wanted = images_of(first, staged_file(version, "kubeadm"), str(version))
    pods = items(cluster, SYSTEM_PODS)
    names = [node.name for node in cluster.nodes]
    controls = [node.name for node in cluster.control_planes]
    for name in _LABELLED:
        expected = names if name == "kube-proxy" else controls
        required = () if name == "coredns" else expected
        yield from _pods_of(name, pods, required, _tag(wanted[name]))


def _pods_of(
    name: str, pods: Iterable[Mapping[str, Any]], required: Iterable[str], wanted: str
) -> Iterator[Component]:
    """The pods of one component by their node; a node without one is `missing`."""
    label, value = _LABELLED[name]
    found = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(label) == value]
    for pod in found:
        yield Component(name, pod["spec"].get("nodeName", ""), _running_tag(pod), wanted)
    there = {pod["spec"].get("nodeName") for pod in found}
    for node in required:
        if node not in there:
            yield Component(name, node, "missing", wanted)
    if not found and not required:
        yield Component(name, "", "missing", wanted)


def _running_tag(pod: Mapping[str, Any]) -> str:
    """The tag that the container really runs, not the one that the spec asks for."""
    statuses = pod["status"].get("containerStatuses") or []
    running = [status for status in statuses if "running" in (status.get("state") or {})]
    return _tag(running[0]["image"]) if running else "not running"


def _tag(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[2]


def _offers_nothing(cluster: Cluster, version: KubeVersion) -> bool:
    """Whether kubeadm offers no upgrade."""
    config = ("--config", staged_file(version, UPGRADE_CONFIG))
    return "COMPONENT" not in _upgrade(cluster, version, "plan", *config)


def _writes_nothing(cluster: Cluster, version: KubeVersion) -> bool:
    """Whether kubeadm would write the manifests that are there."""
    diff = _upgrade(cluster, version, "diff", str(version))
    return not any(line.startswith(("--- ", "+++ ", "@@ ")) for line in diff.splitlines())


def _upgrade(cluster: Cluster, version: KubeVersion, *words: str) -> str:
    runner = runner_of(cluster.control_planes[0])
    argv = (staged_file(version, "kubeadm"), "upgrade", *words)
    return runner.run(*argv, timeout_s=KUBEADM_S).stdout


def _certificate_days(cluster: Cluster, version: KubeVersion) -> float:
    """The days that the first certificate of any control plane has left."""
    argv = (staged_file(version, "kubeadm"), "certs", "check-expiration", "--output=json")
    left: list[float] = []
    for node in cluster.control_planes:
        told = json.loads(runner_of(node).run(*argv, timeout_s=KUBEADM_S).stdout)
        left += [part["residualTime"] for part in told["certificates"] if not part["missing"]]
    return min(left) / DAY_S


def _works(kubeconfig: Path) -> bool:
    api = Api.from_kubeconfig(kubeconfig)
    try:
        ask("its version", lambda: api.get_json("/version"), OLD_KUBECONFIG_S)
        ask("its nodes", lambda: api.get_json("/api/v1/nodes"), OLD_KUBECONFIG_S)
    except (DeadlinePassed, ApiException):
        return False
    return True
