"""The pods of one Deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from upgrade_e2e.cluster.asking import items
from upgrade_e2e.cluster.handle import Cluster

__all__ = ["pods_of"]


def pods_of(cluster: Cluster, deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pods that a Deployment selects by labels, those that are ending too; raises as `ask`."""
    labels = deployment["spec"]["selector"].get("matchLabels") or {}
    selector = quote(",".join(f"{name}={value}" for name, value in labels.items()), safe="")
    namespace = deployment["metadata"]["namespace"]
    return items(cluster, f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")
