"""Planting the faults of guard rails: a policy's binding deleted, a webhook's pods taken away.

The binding goes with our namespace in the end. The webhook is the user's, and gets its pods back.
"""

from __future__ import annotations

from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.cluster.asking import get_if_there
from upgrade_e2e.cluster.deployment_pods import pods_of
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.observers.dry_run import CREATED
from upgrade_e2e.observers.objects import LABELS
from upgrade_e2e.observers.own_policy import BINDINGS, label_of, own_create
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.upgrade.fault_values import webhook
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["bring_webhook_back", "delete_bindings", "take_webhook_away"]

_GONE_S = 120.0
_NOT_FOUND = 404
_BEFORE = "upgrade-e2e/replicas-before"
"""An annotation of the webhook's Deployment: how many replicas it had before it lost them."""


def delete_bindings(fault: Fault, cluster: Cluster) -> None:
    """Delete the bindings of our own policies, and wait until what these forbid is admitted.

    An API server goes on for a moment by what it has read. Raises FaultNotPlanted where there is no
    binding.
    """
    names = _our_bindings(cluster)
    if not names:
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: the cluster has no policy of upgrade-e2e; select the "
            "scenario guard_rails, and plant the fault at a step of the upgrade."
        )
    for name in names:
        _delete(cluster, f"{BINDINGS}/{name}")
    wait_for(
        "the admission of what our policies forbid, after planting a fault,",
        lambda: [own_create(label_of(name)).ask(cluster.api)[0] for name in names],
        lambda answers: all(status in CREATED for status in answers),
        Deadline(_GONE_S, every_s=0.1),
        transient=TRANSIENT_API_ERRORS,
    )


def take_webhook_away(fault: Fault, cluster: Cluster) -> None:
    """Scale the Deployment of a webhook to 0, and wait until its pods are gone.

    They go on answering for some seconds while they end. Raises FaultNotPlanted where there is no
    such Deployment, or it has no pods already.
    """
    namespace, name = webhook(fault.value)
    found = _deployment(fault, cluster)
    if not found:
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: there is no Deployment {namespace}/{name}; name that "
            "of your webhook as webhook-gone=NAMESPACE/DEPLOYMENT."
        )
    if not (replicas := found["spec"]["replicas"]):
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: the Deployment {namespace}/{name} has no replicas "
            "already; leave out the fault."
        )
    _scale(fault, cluster, 0, str(replicas))
    wait_for(
        f"the end of the pods of {namespace}/{name} after planting a fault",
        lambda: [pod["metadata"]["name"] for pod in pods_of(cluster, found)],
        lambda left: not left,
        Deadline(_GONE_S),
        transient=TRANSIENT_API_ERRORS,
    )


def bring_webhook_back(fault: Fault, cluster: Cluster) -> None:
    """Give the Deployment the replicas that it had; does not wait until they are there.

    Nothing for one that is gone or has lost none.
    """
    found = _deployment(fault, cluster)
    before = (found.get("metadata", {}).get("annotations") or {}).get(_BEFORE)
    if before is not None:
        _scale(fault, cluster, int(before), None)


def _deployment(fault: Fault, cluster: Cluster) -> dict[str, Any]:
    """The Deployment of the webhook; empty where there is none."""
    return get_if_there(cluster, _path(fault))


def _path(fault: Fault) -> str:
    namespace, name = webhook(fault.value)
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"


def _scale(fault: Fault, cluster: Cluster, replicas: int, before: str | None) -> None:
    """Give the Deployment that many replicas, and note how many it had `before`."""
    patch = {"metadata": {"annotations": {_BEFORE: before}}, "spec": {"replicas": replicas}}
    kind = "application/merge-patch+json"
    retry_api(lambda: cluster.api.request("PATCH", _path(fault), body=patch, content_type=kind))


def _our_bindings(cluster: Cluster) -> list[str]:
    listed = get_if_there(cluster, BINDINGS).get("items", ())
    return [one["metadata"]["name"] for one in listed if _is_ours(one)]


def _is_ours(binding: dict[str, Any]) -> bool:
    labels = binding["metadata"].get("labels") or {}
    return bool(labels.items() >= LABELS.items())


def _delete(cluster: Cluster, path: str) -> None:
    try:
        retry_api(lambda: cluster.api.request("DELETE", path))
    except ApiException as error:
        if error.status != _NOT_FOUND:
            raise
