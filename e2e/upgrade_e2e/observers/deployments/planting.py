"""Planting the faults of the credential provider and of the webhook, through the Kubernetes API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.cluster.deployment_pods import pods_of
from upgrade_e2e.cluster.rollout import Rollout
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.observers.base import NAMESPACE
from upgrade_e2e.observers.deployments.servers import CREDENTIALS, WEBHOOK, selector_of
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.upgrade.faults import kind_of
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["starve_provider", "take_webhook_down"]

_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_STRATEGIC = "application/strategic-merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_EFFECT_S = 120.0
_NEXT_TO_NOTHING = "10m"
"""The least that a kubelet can enforce: 1 ms of CPU in each 100 ms."""


def starve_provider(fault: Fault, cluster: Cluster) -> None:
    """Cut the CPU limit of every credential provider, and wait until only such pods are left.

    The pods are replaced all at once, as by a rollout of a tighter limit that its strategy does not
    slow down; a rolling update would wait for the first starved one to be ready.
    """
    starved = {"requests": {"cpu": _NEXT_TO_NOTHING}, "limits": {"cpu": _NEXT_TO_NOTHING}}
    container = {"name": CREDENTIALS, "resources": starved}
    spec = {
        "strategy": {"type": "Recreate", "rollingUpdate": None},
        "template": {"spec": {"containers": [container]}},
    }
    for name in _names(fault, cluster, _DEPLOYMENTS, CREDENTIALS):
        path = f"{_DEPLOYMENTS}/{name}"
        _patch(cluster, path, {"spec": spec}, _STRATEGIC)
        _await_starved(cluster, path)


def take_webhook_down(fault: Fault, cluster: Cluster) -> None:
    """Set the failure policy of every webhook of ours, leave it without pods, and wait for that.

    Pods that end go on answering for some seconds, over connections that the API server keeps.
    """
    policy = kind_of(fault.name).check(fault.value)
    change = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": policy}]
    for name in _names(fault, cluster, _HOOKS, WEBHOOK):
        _patch(cluster, f"{_HOOKS}/{name}", change, _JSON_PATCH)
    for name in _names(fault, cluster, _DEPLOYMENTS, WEBHOOK):
        path = f"{_DEPLOYMENTS}/{name}"
        _patch(cluster, path, {"spec": {"replicas": 0}}, _STRATEGIC)
        _await_no_pods(cluster, path)


def _names(fault: Fault, cluster: Cluster, folder: str, component: str) -> list[str]:
    """What belongs to this component; raises FaultNotPlanted when nothing does."""
    path = f"{folder}?labelSelector={quote(selector_of(component))}"
    listed = retry_api(lambda: cluster.api.get_json(path))
    names = [str(thing["metadata"]["name"]) for thing in listed["items"]]
    if not names:
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: no observer of the selected scenarios has deployed a "
            f"{component} that it could act on; select one that has, such as the scenario "
            "deployments_go_through."
        )
    return names


def _patch(cluster: Cluster, path: str, body: Any, content_type: str) -> None:
    retry_api(lambda: cluster.api.request("PATCH", path, body=body, content_type=content_type))


def _await_starved(cluster: Cluster, path: str) -> None:
    """Wait until the Deployment has all the pods that it should have and no others, ready or not.

    Its strategy brings no new pod before the old ones are gone.
    """

    def is_there(deployment: Mapping[str, Any]) -> bool:
        seen = Rollout.of_deployment(deployment)
        return seen.observed and seen.wanted == seen.updated == seen.total

    wait_for(
        "the pods of the starved credential provider",
        lambda: cluster.api.get_json(path),
        is_there,
        Deadline(_EFFECT_S),
        transient=TRANSIENT_API_ERRORS,
    )


def _await_no_pods(cluster: Cluster, path: str) -> None:
    """Wait until the Deployment has no pod, and none that is ending either."""
    deployment = retry_api(lambda: cluster.api.get_json(path))
    wait_for(
        "the end of the webhook's pods",
        lambda: [pod["metadata"]["name"] for pod in pods_of(cluster, deployment)],
        lambda left: not left,
        Deadline(_EFFECT_S),
        transient=TRANSIENT_API_ERRORS,
    )
