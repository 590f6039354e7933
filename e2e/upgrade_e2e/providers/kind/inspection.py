"""Reading back what the cluster is made of, against what the target's kubeadm names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import is_reached_by, items
from upgrade_e2e.cluster.pods import missing_workloads, stuck_pods
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.providers.kind.health import images_of
from upgrade_e2e.providers.kind.takeout import UPGRADE_CONFIG
from upgrade_e2e.upgrade import Component, Inventory, kubelets, system_components
from upgrade_e2e.version import KubeVersion

__all__ = ["Target", "inspect"]

SYSTEM_PODS = "/api/v1/namespaces/kube-system/pods"
OLD_KUBECONFIG_S = 30.0
DAY_S = 86400.0
KUBEADM_S = 120.0


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
            components=tuple(_components(cluster, target.version)),
            stuck_pods=stuck_pods(pods),
            missing_workloads=missing_workloads(cluster),
            nothing_left_to_do=no_plan.result() and no_diff.result(),
            old_kubeconfig_works=is_reached_by(target.old_kubeconfig, OLD_KUBECONFIG_S),
            certificates_expire_in_d=days.result(),
        )
    finally:  # an interruption is not held up: the commands end with the containers
        pool.shutdown(wait=False, cancel_futures=True)


def _components(cluster: Cluster, version: KubeVersion) -> Iterator[Component]:
    """Each component on each node: what it runs, what it should run."""
    yield from kubelets(items(cluster, "/api/v1/nodes"), str(version))
    first = runner_of(cluster.control_planes[0])
    images = images_of(first, staged_file(version, "kubeadm"), str(version))
    yield from system_components(cluster, items(cluster, SYSTEM_PODS), images)


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
        answer = json.loads(runner_of(node).run(*argv, timeout_s=KUBEADM_S).stdout)
        left += [part["residualTime"] for part in answer["certificates"] if not part["missing"]]
    return min(left) / DAY_S
