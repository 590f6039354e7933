"""Pods that are stuck, and workloads that lack replicas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.providers.kind.asking import items
from upgrade_e2e.providers.kind.static_pods import is_ready

__all__ = ["missing_workloads", "stuck_pods"]

STUCK_AFTER_S = 60.0
"""A pod that came or should be gone this long ago, and is not running or not gone, is stuck; pods
that are younger are on their way."""

# Where a workload says how many replicas it wants, and how many are ready.
_WORKLOADS = (
    ("deployments", "spec", "replicas", "availableReplicas"),
    ("statefulsets", "spec", "replicas", "readyReplicas"),
    ("daemonsets", "status", "desiredNumberScheduled", "numberReady"),
)


def stuck_pods(pods: Iterable[Mapping[str, Any]], now: datetime | None = None) -> tuple[str, ...]:
    """`namespace/name: reason` of each pod that is neither running nor done nor on its way."""
    moment = now or datetime.now(UTC)
    found = []
    for pod in pods:
        meta = pod["metadata"]
        if reason := _why_stuck(pod, moment):
            found.append(f"{meta['namespace']}/{meta['name']}: {reason}")
    return tuple(found)


def _why_stuck(pod: Mapping[str, Any], now: datetime) -> str | None:
    meta, status = pod["metadata"], pod.get("status") or {}
    phase = status.get("phase", "Unknown")
    if deleted := meta.get("deletionTimestamp"):
        late_s = _age_s(deleted, now)
        return f"still terminating {late_s:.0f} s late" if late_s > STUCK_AFTER_S else None
    if phase == "Succeeded":
        return None
    if phase == "Failed":
        return f"Failed: {status.get('reason') or _waiting(status) or 'no reason told'}"
    young = _age_s(meta["creationTimestamp"], now) <= STUCK_AFTER_S
    if young or (phase == "Running" and is_ready(pod)):
        return None
    return f"{phase}, not ready: {_waiting(status) or _unmet(status) or 'no reason told'}"


def _waiting(status: Mapping[str, Any]) -> str:
    states = [c.get("state") or {} for c in status.get("containerStatuses") or []]
    return ", ".join(
        str(state[kind].get("reason", kind))
        for state in states
        for kind in ("waiting", "terminated")
        if kind in state
    )


def _unmet(status: Mapping[str, Any]) -> str:
    conditions = status.get("conditions") or []
    return ", ".join(
        f"{c['type']} {c.get('reason', '')}".strip() for c in conditions if c["status"] != "True"
    )


def _age_s(stamp: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(stamp)).total_seconds()


def missing_workloads(cluster: Cluster) -> tuple[str, ...]:
    """A sentence for each workload with fewer ready replicas than it asks for."""
    found = []
    for plural, part, asked, key in _WORKLOADS:
        for workload in items(cluster, f"/apis/apps/v1/{plural}"):
            wanted = (workload.get(part) or {}).get(asked, 0)
            ready = (workload.get("status") or {}).get(key, 0)
            if ready < wanted:
                meta = workload["metadata"]
                name = f"{plural.removesuffix('s')} {meta['namespace']}/{meta['name']}"
                found.append(f"{name} has {ready} of {wanted} replicas")
    return tuple(found)
