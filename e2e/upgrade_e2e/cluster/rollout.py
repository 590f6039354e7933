"""How far a workload has been rolled, and the addons that an upgrade rolls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster.handle import Cluster

__all__ = ["ADDONS", "Rollout", "addon_rollouts", "are_at"]

_APPS = "/apis/apps/v1/namespaces/kube-system"
ADDONS: Mapping[str, str] = {
    "coredns": f"{_APPS}/deployments/coredns",
    "kube-proxy": f"{_APPS}/daemonsets/kube-proxy",
}
"""Where the API has the workload of each addon that kubeadm manages."""


@dataclass(frozen=True)
class Rollout:
    """How far a workload has been rolled.

    `image` is that of the first container. `wanted`, `updated` and `ready` count replicas; `total`
    counts those of the old template too. `observed` says whether the controller has seen the
    latest change.
    """

    image: str
    wanted: int
    updated: int
    ready: int
    total: int
    observed: bool

    @classmethod
    def of_deployment(cls, deployment: Mapping[str, Any]) -> Rollout:
        """How far this Deployment has been rolled."""
        status = deployment.get("status") or {}
        return cls(
            image=image_of(deployment),
            wanted=deployment["spec"]["replicas"],
            updated=status.get("updatedReplicas", 0),
            ready=status.get("availableReplicas", 0),
            total=status.get("replicas", 0),
            observed=_observed(deployment),
        )

    @classmethod
    def of_daemon_set(cls, daemon_set: Mapping[str, Any]) -> Rollout:
        """How far this DaemonSet has been rolled."""
        status = daemon_set.get("status") or {}
        return cls(
            image=image_of(daemon_set),
            wanted=status.get("desiredNumberScheduled", 0),
            updated=status.get("updatedNumberScheduled", 0),
            ready=status.get("numberReady", 0),
            total=status.get("currentNumberScheduled", 0),
            observed=_observed(daemon_set),
        )

    @property
    def is_whole(self) -> bool:
        """All replicas are of the latest template and ready, and no old one is left."""
        return self.observed and len({self.wanted, self.updated, self.ready, self.total}) == 1

    def is_done(self, image: str) -> bool:
        """The workload is complete, and runs this image."""
        return self.is_whole and self.image == image


def addon_rollouts(cluster: Cluster, names: Iterable[str] = tuple(ADDONS)) -> dict[str, Rollout]:
    """CoreDNS and kube-proxy of kubeadm, or those of these `names`, read once.

    Raises one of TRANSIENT_API_ERRORS.
    """
    make = {"coredns": Rollout.of_deployment, "kube-proxy": Rollout.of_daemon_set}
    return {name: make[name](cluster.api.get_json(ADDONS[name])) for name in names}


def are_at(rollouts: Mapping[str, Rollout], images: Mapping[str, str]) -> bool:
    """Whether each of the rollouts is done with the image that `images` has under its name.

    One that `images` does not name may have any image.
    """
    return all(rollouts[name].is_done(image) for name, image in images.items() if name in rollouts)


def image_of(workload: Mapping[str, Any]) -> str:
    """The image of the first container of a workload's template."""
    return str(workload["spec"]["template"]["spec"]["containers"][0]["image"])


def _observed(workload: Mapping[str, Any]) -> bool:
    seen = (workload.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= workload["metadata"]["generation"])
