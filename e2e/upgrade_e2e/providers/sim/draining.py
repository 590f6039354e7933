"""Draining a node through the API, as `kubectl drain --ignore-daemonsets --force` does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import items
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.providers.sim.asking import TRANSIENT, WITHIN_S, patch

__all__ = ["cordon", "drain"]

_POLL_S = 0.05
_RETRY_S = 5.0
"""How long kubectl waits before it asks again for an eviction that the budget did not allow."""

Pod = Mapping[str, Any]


def cordon(cluster: Cluster, short: str, *, unschedulable: bool) -> None:
    """Say whether new pods may come to the node."""
    path = f"/api/v1/nodes/{node_of(cluster, short).name}"
    patch(cluster, path, {"spec": {"unschedulable": unschedulable or None}})


def drain(cluster: Cluster, short: str, allowed_s: float, pace: float) -> None:
    """Evict what can be evicted and wait until it is gone. Raises DeadlinePassed, with the pods."""
    cordon(cluster, short, unschedulable=True)
    node = node_of(cluster, short).name
    end = time.monotonic() + allowed_s
    next_try: dict[str, float] = {}
    refusals: dict[str, str] = {}
    while pods := _evictable(cluster, node):
        now = time.monotonic()
        if now >= end:
            raise DeadlinePassed(_left(node, pods, allowed_s, refusals))
        for pod in pods:
            uid = pod["metadata"]["uid"]
            if "deletionTimestamp" in pod["metadata"] or next_try.get(uid, 0.0) > now:
                continue
            refused = _evict(cluster, pod)
            if refused:
                refusals[uid] = refused
                next_try[uid] = now + _RETRY_S / pace
        time.sleep(_POLL_S)


def _evictable(cluster: Cluster, node: str) -> list[Pod]:
    path = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"
    found = items(cluster, path, WITHIN_S)
    return [pod for pod in found if not _stays(pod)]


def _stays(pod: Pod) -> bool:
    meta = pod["metadata"]
    mirror = "kubernetes.io/config.mirror" in (meta.get("annotations") or {})
    owners = {owner["kind"] for owner in meta.get("ownerReferences") or () if owner["controller"]}
    return mirror or "DaemonSet" in owners


def _evict(cluster: Cluster, pod: Pod) -> str:
    """Ask for the eviction; why not, when it was refused or the API is away."""
    meta = pod["metadata"]
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction"
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
    }
    try:
        cluster.api.request("POST", path, body=body)
    except ApiException as error:
        return "" if error.status == 404 else f"{error.status}: {error.body or error.reason}"
    except TRANSIENT as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _left(node: str, pods: list[Pod], allowed_s: float, refusals: Mapping[str, str]) -> str:
    told = []
    for pod in pods:
        meta = pod["metadata"]
        why = refusals.get(meta["uid"], "still terminating")
        told.append(f"{meta['namespace']}/{meta['name']} ({why})")
    return f"{node} was not drained within {allowed_s:g} s; left: {', '.join(told)}"
