"""What kubeadm wants for this cluster: the ClusterConfiguration that it stored, and its images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.image_names import ImageName
from upgrade_e2e.cluster.kubeadm_config import (
    CLUSTER_CONFIGURATION,
    KUBEADM_CONFIG_MAP,
    read_kubeadm_config,
)
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.version import KubeVersion

__all__ = [
    "StoredConfiguration",
    "by_component",
    "read_configuration",
    "target_images",
    "usual_images",
]

_SECTIONS = {"coredns": "dns", "kube-proxy": "proxy"}
_LIST = ("config", "images", "list")


@dataclass(frozen=True)
class StoredConfiguration:
    """The ClusterConfiguration by which kubeadm made the cluster, in the version it was stored."""

    document: Mapping[str, Any]

    @property
    def disabled(self) -> frozenset[str]:
        """The addons that kubeadm leaves alone by it."""
        return frozenset(
            component
            for component, key in _SECTIONS.items()
            if (self.document.get(key) or {}).get("disabled")
        )

    def at(self, version: KubeVersion | str) -> str:
        """The same for another Kubernetes version, as YAML."""
        return yaml.safe_dump({**self.document, "kubernetesVersion": str(version)}, sort_keys=False)


def read_configuration(cluster: Cluster) -> StoredConfiguration:
    """The configuration in ConfigMap kube-system/kubeadm-config.

    Raises BadInput when there is none, as kubeadm could not upgrade this cluster, and E2eError for
    one that is not a YAML mapping.
    """
    document = read_kubeadm_config(cluster)
    if not document:
        raise BadInput(
            f"cluster {cluster.name} has no {CLUSTER_CONFIGURATION} in the ConfigMap "
            f"kube-system/{KUBEADM_CONFIG_MAP}, which kubeadm reads for an upgrade; write it again "
            "with `kubeadm init phase upload-config kubeadm --config FILE` on a control plane."
        )
    return StoredConfiguration(document)


def target_images(cluster: Cluster, version: KubeVersion | str) -> dict[str, str]:
    """The images that the staged kubeadm of `version` wants for this cluster, by component.

    A component that its configuration disables is not among them.
    """
    argv = (staged_file(version, "kubeadm"), *_LIST, "--config", "/dev/stdin")
    stored = read_configuration(cluster)
    runner = runner_of(cluster.control_planes[0])
    # what kubeadm says of an old form of the configuration goes to its stderr.
    names = runner.run(*argv, timeout_s=60, stdin=stored.at(version)).stdout.split()
    listed = by_component(names)
    return {name: image for name, image in listed.items() if name not in stored.disabled}


def usual_images(cluster: Cluster, version: KubeVersion | str) -> dict[str, str]:
    """The images that it wants for a cluster without choices of its own, by component."""
    argv = (staged_file(version, "kubeadm"), *_LIST, "--kubernetes-version", str(version))
    return by_component(
        runner_of(cluster.control_planes[0]).run(*argv, timeout_s=60).stdout.split()
    )


def by_component(names: Iterable[str]) -> dict[str, str]:
    """Images by component, which is the last part of their path whatever registry they are of."""
    return {ImageName.parse(name).base: name for name in names}
