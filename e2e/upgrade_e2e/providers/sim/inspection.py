"""Reading back what the cluster is made of, against the target."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import get, is_reached_by, items
from upgrade_e2e.cluster.pods import missing_workloads, stuck_pods
from upgrade_e2e.providers.sim.asking import WITHIN_S
from upgrade_e2e.providers.sim.release import images_of
from upgrade_e2e.upgrade import Component, Inventory, kubelets, system_components
from upgrade_e2e.upgrade.components import SYSTEM_COMPONENTS
from upgrade_e2e.version import KubeVersion

__all__ = ["inspect"]

_SYSTEM = "/api/v1/namespaces/kube-system"
_STUCK_AFTER_S = 10.0
"""How long a pod may be on its way: less than in a real cluster, whose times are longer."""
_SECONDS_A_DAY = 86400


def inspect(cluster: Cluster, target: KubeVersion, before: Path, certificate: Path) -> Inventory:
    """The state as the API shows it; `before` is the kubeconfig from before the upgrade."""
    components = tuple(_components(cluster, target))
    config = get(cluster, f"{_SYSTEM}/configmaps/kubeadm-config", WITHIN_S)["data"]
    uploaded = f"kubernetesVersion: {target}\n" in config["ClusterConfiguration"]
    return Inventory(
        components=components,
        stuck_pods=stuck_pods(items(cluster, "/api/v1/pods", WITHIN_S), after_s=_STUCK_AFTER_S),
        missing_workloads=missing_workloads(cluster, WITHIN_S),
        nothing_left_to_do=uploaded and all(part.at_target for part in components),
        old_kubeconfig_works=is_reached_by(before, WITHIN_S),
        certificates_expire_in_d=_days_left(certificate),
    )


def _components(cluster: Cluster, target: KubeVersion) -> Iterator[Component]:
    """Each component on each node: what it runs, what it should run."""
    yield from kubelets(items(cluster, "/api/v1/nodes", WITHIN_S), str(target))
    release = images_of(target)
    images = {name: release.image(name) for name in SYSTEM_COMPONENTS}
    yield from system_components(cluster, items(cluster, f"{_SYSTEM}/pods", WITHIN_S), images)


def _days_left(certificate: Path) -> float:
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    left = read.not_valid_after_utc - datetime.now(UTC)
    return left.total_seconds() / _SECONDS_A_DAY
