"""Pods that are stuck, and workloads that lack replicas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster.asking import ASK_WITHIN_S, items
from upgrade_e2e.cluster.creation_failures import (
    event_path,
    failure_in_events,
    failure_in_status,
)
from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.format import duration

__all__ = [
    "STUCK_AFTER_S",
    "finalizers_of",
    "is_ready",
    "missing_workloads",
    "short_of_replicas",
    "stuck_pods",
]

STUCK_AFTER_S = 60.0
"""A pod that came or should be gone this long ago, and is not ready or not gone, is stuck; younger
pods are on their way."""

# Where a workload says how many replicas it needs, and how many are ready.
_WORKLOADS = {
    "deployments": ("spec", "replicas", "availableReplicas"),
    "statefulsets": ("spec", "replicas", "readyReplicas"),
    "daemonsets": ("status", "desiredNumberScheduled", "numberReady"),
}
_KINDS_WITH_EVENTS = {"statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
_NOT_SERVED = 404


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Running, with every container ready, on a node that is not marked as lost.

    When a node is lost, its pods keep their last container states, and only their condition Ready
    says so.
    """
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    denied = any(
        one["type"] == "Ready" and one["status"] != "True" for one in status.get("conditions") or []
    )
    return (
        status.get("phase") == "Running"
        and bool(containers)
        and all(container.get("ready") for container in containers)
        and not denied
    )


def stuck_pods(
    pods: Iterable[Mapping[str, Any]],
    now: datetime | None = None,
    after_s: float = STUCK_AFTER_S,
) -> tuple[str, ...]:
    """`namespace/name: reason` of each pod that is neither ready nor done nor on its way.

    `after_s` is how long a pod may be on its way, in seconds.
    """
    moment = now or datetime.now(UTC)
    found = []
    for pod in pods:
        meta = pod["metadata"]
        if reason := _why_stuck(pod, moment, after_s):
            found.append(f"{meta['namespace']}/{meta['name']}: {reason}")
    return tuple(found)


def _why_stuck(pod: Mapping[str, Any], now: datetime, after_s: float) -> str | None:
    meta, status = pod["metadata"], pod.get("status") or {}
    phase = status.get("phase", "Unknown")
    if deleted := meta.get("deletionTimestamp"):
        late_s = _age_s(deleted, now)
        held = f", {finalizers}" if (finalizers := finalizers_of(pod)) else ""
        return (
            f"still terminating {duration(round(late_s))} late{held}" if late_s > after_s else None
        )
    if phase == "Succeeded":
        return None
    if phase == "Failed":
        return f"Failed: {status.get('reason') or _not_running(status) or 'no reason given'}"
    if is_ready(pod) or _age_s(meta["creationTimestamp"], now) <= after_s:
        return None
    return f"{phase}, not ready: {_not_running(status) or _unmet(status) or 'no reason given'}"


def finalizers_of(pod: Mapping[str, Any]) -> str:
    """The pod's finalizers for people: `finalizer hold.test/never`; empty for none."""
    names = pod["metadata"].get("finalizers") or ()
    return f"finalizer{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else ""


def _not_running(status: Mapping[str, Any]) -> str:
    """Why containers do not run: `CrashLoopBackOff`."""
    states = [c.get("state") or {} for c in status.get("containerStatuses") or []]
    return ", ".join(
        str(state[kind].get("reason", kind))
        for state in states
        for kind in ("waiting", "terminated")
        if kind in state
    )


def _unmet(status: Mapping[str, Any]) -> str:
    """The conditions that do not hold, with their reasons: `PodScheduled Unschedulable`."""
    conditions = status.get("conditions") or []
    return ", ".join(
        f"{c['type']} {c.get('reason', '')}".strip() for c in conditions if c["status"] != "True"
    )


def _age_s(stamp: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(stamp)).total_seconds()


def missing_workloads(cluster: Cluster, within_s: float = ASK_WITHIN_S) -> tuple[str, ...]:
    """A sentence for each workload of the cluster that lacks ready replicas; raises as `ask`.

    It says why where the workload's pods cannot be created.
    """
    found: list[str] = []
    for plural in _WORKLOADS:
        for workload in _served(cluster, f"/apis/apps/v1/{plural}", within_s):
            for sentence in short_of_replicas(plural, [workload]):
                why = _why_short(cluster, plural, workload, within_s)
                found.append(f"{sentence}: {why}" if why else sentence)
    return tuple(found)


def _why_short(cluster: Cluster, plural: str, workload: Mapping[str, Any], within_s: float) -> str:
    """Why its pods cannot be created: a Deployment says so itself, of the others events do."""
    if plural not in _KINDS_WITH_EVENTS:
        return failure_in_status(workload)
    events = _served(cluster, event_path(workload), within_s)
    return failure_in_events(events, _KINDS_WITH_EVENTS[plural])


def _served(cluster: Cluster, path: str, within_s: float) -> list[dict[str, Any]]:
    """The items at `path`; none when the API server does not serve that kind at all."""
    try:
        return items(cluster, path, within_s)
    except ApiException as error:
        if error.status != _NOT_SERVED:
            raise
        return []


def short_of_replicas(plural: str, workloads: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A sentence for each workload with fewer ready replicas than it asks for.

    `plural` is what the API calls their kind: `deployments`, `statefulsets` or `daemonsets`.
    """
    part, asked, key = _WORKLOADS[plural]
    for workload in workloads:
        wanted = (workload.get(part) or {}).get(asked, 0)
        ready = (workload.get("status") or {}).get(key, 0)
        if ready < wanted:
            meta = workload["metadata"]
            name = f"{plural.removesuffix('s')} {meta['namespace']}/{meta['name']}"
            yield f"{name} has {ready} of {wanted} replicas"
