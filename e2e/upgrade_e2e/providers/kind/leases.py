"""Which of a control plane's leader-elected components are at work, by their leases.

A scheduler or controller manager that has restarted is healthy at once, and idle until the lease of
the process before it has run out (15 s, `leaseDuration` of kube-scheduler and
kube-controller-manager). Pods that are evicted in that time are not replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from upgrade_e2e.cluster import Api

__all__ = ["LEADERS", "idle_components"]

LEADERS = ("kube-controller-manager", "kube-scheduler")
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


def idle_components(api: Api, node: str, started: Mapping[str, str]) -> frozenset[str]:
    """The components of `node` whose lease is still that of the process before.

    `started` says when the process of each component that runs started (RFC 3339). A lease that
    another node holds is in use; that of nobody is not.
    """
    leases = {
        lease["metadata"]["name"]: lease.get("spec") or {}
        for lease in api.get_json(_LEASES, timeout_s=10)["items"]
    }
    return frozenset(
        name
        for name in LEADERS
        if name in started and not _at_work(leases.get(name, {}), node, started[name])
    )


def _at_work(lease: Mapping[str, Any], node: str, started: str) -> bool:
    holder, acquired = lease.get("holderIdentity") or "", lease.get("acquireTime") or ""
    if holder.rpartition("_")[0] != node:
        return bool(holder)
    return bool(acquired) and datetime.fromisoformat(acquired) >= datetime.fromisoformat(started)
