"""Draining a node through the API, as `kubectl drain --ignore-daemonsets --force` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import items
from upgrade_e2e.cluster.drain_watch import DrainWatch
from upgrade_e2e.cluster.evictions import Holdup, evictable, pod_name
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.errors import Blocked
from upgrade_e2e.format import duration
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


def drain(
    cluster: Cluster, short: str, allowed_s: float, pace: float, note: Callable[[str], None]
) -> None:
    """Evict what can be evicted and wait until it is gone. Raises Blocked, with what holds it.

    `note` takes what it waits for meanwhile.
    """
    cordon(cluster, short, unschedulable=True)
    node = node_of(cluster, short).name
    end = time.monotonic() + allowed_s
    refusals = _Refusals(_RETRY_S / pace)
    with DrainWatch(cluster, node, allowed_s * pace, note) as watch:
        while pods := _evictable(cluster, node):
            if time.monotonic() >= end:
                watch.look()
                raise Blocked(_left(node, watch.seen, pods, allowed_s, refusals.said))
            for pod in pods:
                refusals.evict(cluster, pod)
            time.sleep(_POLL_S)


@dataclass
class _Refusals:
    """Asks for evictions, and again after `retry_s` where one was refused.

    `said` is why, by the pod's UID.
    """

    retry_s: float
    said: dict[str, str] = field(default_factory=dict)
    _next_try: dict[str, float] = field(default_factory=dict)

    def evict(self, cluster: Cluster, pod: Pod) -> None:
        """Ask for one eviction, where it is due."""
        uid, now = pod["metadata"]["uid"], time.monotonic()
        if "deletionTimestamp" in pod["metadata"] or self._next_try.get(uid, 0.0) > now:
            return
        if refused := _evict(cluster, pod):
            self.said[uid] = refused
            self._next_try[uid] = now + self.retry_s


def _evictable(cluster: Cluster, node: str) -> list[Pod]:
    path = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"
    return [pod for pod in items(cluster, path, WITHIN_S) if evictable(pod)]


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


def _left(
    node: str,
    seen: Sequence[Holdup],
    pods: list[Pod],
    allowed_s: float,
    refusals: Mapping[str, str],
) -> str:
    """First what holds the drain, then each pod that is left with what the API said last."""
    left_pods = []
    for pod in pods:
        why = refusals.get(pod["metadata"]["uid"], "still terminating")
        left_pods.append(f"{pod_name(pod)} ({why})")
    left = f"{node} was not drained within {duration(allowed_s)}; left: {', '.join(left_pods)}"
    return "\n".join([*(holdup.failed_line for holdup in seen), left])
