"""A pod that keeps its node from being drained."""

from __future__ import annotations

from typing import Any

from upgrade_e2e.cluster.asking import ask, get
from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.cluster.pods import is_ready
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["pin_pod"]

_NAME, _NAMESPACE = "upgrade-e2e-pinned", "default"
_POD_PATH = f"/api/v1/namespaces/{_NAMESPACE}/pods/{_NAME}"


def pin_pod(cluster: Cluster, node: str, pause_image: str, deadline: Deadline) -> None:
    """Put a pod on the node that its PodDisruptionBudget never lets go, and wait until it is ready.

    `pause_image` is an image that is on the node already. Raises DeadlinePassed.
    """
    within_s = deadline.within_s
    ask("a new budget", lambda: cluster.api.apply(_budget()), within_s)
    ask("a new pod", lambda: cluster.api.apply(_pod(node, pause_image)), within_s)
    wait_for(
        f"the pod {_NAME} running on {node}",
        lambda: get(cluster, _POD_PATH, within_s)["status"],
        lambda status: is_ready({"status": status}),
        deadline,
    )


def _pod(node: str, image: str) -> dict[str, Any]:
    meta = {"name": _NAME, "namespace": _NAMESPACE, "labels": {"app": _NAME}}
    spec = {
        "nodeName": node,
        "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "pause", "image": image}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def _budget() -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": _NAME, "namespace": _NAMESPACE},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": _NAME}}},
    }
