"""The fault of a memory limit that is too low: planted in a workload of the cluster, put back."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.upgrade.fault_values import memory_limit
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["limit_memory", "restore_memory"]

_PLURALS = ("deployments", "daemonsets", "statefulsets")
_BEFORE = "upgrade-e2e/resources-before"
"""An annotation of the workload: its container's resources as they were, as JSON."""
_MERGE = "application/merge-patch+json"
_PARTS = ("limits", "requests")
_NOT_FOUND = 404
_SEEN_S = 90.0


def limit_memory(fault: Fault, cluster: Cluster) -> None:
    """Give the first container of a workload so little memory, and wait for a pod that has it.

    Raises FaultNotPlanted when there is no such workload or it has the limit already, and
    DeadlinePassed when no pod with the limit comes.
    """
    asked = memory_limit(fault.value)
    path, workload = _find(cluster, asked.namespace, asked.owner)
    before = _first(workload).get("resources") or {}
    if (before.get("limits") or {}).get("memory") == asked.limit:
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: {asked.owner} has this limit already; give another."
        )
    limited = {part: {**before.get(part, {}), "memory": asked.limit} for part in _PARTS}
    annotations = workload["metadata"].get("annotations") or {}
    kept = annotations.get(_BEFORE) or json.dumps(before)
    _change(cluster, path, workload, {**before, **limited}, kept)
    selector = workload["spec"]["selector"]["matchLabels"]
    wait_for(
        f"a pod of {asked.namespace}/{asked.owner} with the memory limit {asked.limit}",
        lambda: _limits(cluster, asked.namespace, selector),
        lambda limits: asked.limit in limits,
        Deadline(_SEEN_S),
        transient=TRANSIENT_API_ERRORS,
    )


def restore_memory(fault: Fault, cluster: Cluster) -> None:
    """Give the workload back what it had; nothing for one that is gone or was never changed."""
    asked = memory_limit(fault.value)
    try:
        path, workload = _find(cluster, asked.namespace, asked.owner)
    except FaultNotPlanted:
        return
    kept = (workload["metadata"].get("annotations") or {}).get(_BEFORE)
    if kept is None:
        return
    _change(cluster, path, workload, json.loads(kept), None)


def _find(cluster: Cluster, namespace: str, owner: str) -> tuple[str, dict[str, Any]]:
    """The path of the workload of this name, and the workload."""
    for plural in _PLURALS:
        path = f"/apis/apps/v1/namespaces/{namespace}/{plural}/{owner}"
        try:
            return path, retry_api(functools.partial(cluster.api.get_json, path))
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise
    raise FaultNotPlanted(
        f"there is no Deployment, DaemonSet or StatefulSet {owner} in the namespace {namespace}; "
        "`kubectl get deployments,daemonsets,statefulsets --all-namespaces` lists them."
    )


def _first(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    first: Mapping[str, Any] = workload["spec"]["template"]["spec"]["containers"][0]
    return first


def _change(
    cluster: Cluster, path: str, workload: dict[str, Any], resources: Any, before: str | None
) -> None:
    """Give the first container these resources, and note what it had `before`."""
    first, *others = workload["spec"]["template"]["spec"]["containers"]
    containers = [{**first, "resources": resources}, *others]
    body = {
        "metadata": {"annotations": {_BEFORE: before}},
        "spec": {"template": {"spec": {"containers": containers}}},
    }
    retry_api(lambda: cluster.api.request("PATCH", path, body=body, content_type=_MERGE))


def _limits(cluster: Cluster, namespace: str, selector: Mapping[str, str]) -> set[str]:
    """The memory limits of the first containers of the pods with these labels."""
    query = [("labelSelector", ",".join(f"{name}={value}" for name, value in selector.items()))]
    path = f"/api/v1/namespaces/{namespace}/pods"
    pods = json.loads(cluster.api.request("GET", path, query=query))["items"]
    resources = (pod["spec"]["containers"][0].get("resources") or {} for pod in pods)
    return {(one.get("limits") or {}).get("memory", "") for one in resources}
