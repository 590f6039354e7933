"""Upgrade a cluster in place while probes watch, and say what broke.

The names here are what scenarios are written with; docs/scenarios.md shows how. Each is loaded
when it is first asked for, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upgrade_e2e.errors import Inconclusive
    from upgrade_e2e.judge import BackupsSeen, Etcd, Limits, Outage, Runtimes, Seen
    from upgrade_e2e.judge.node_usage import NodeUsage
    from upgrade_e2e.observers import (
        ApiServer,
        Deployments,
        DnsLookups,
        EtcdBackup,
        EtcdHealth,
        GuardRails,
        HttpEdge,
        HttpService,
        NewPodsNetwork,
        NodeResources,
        PodChurn,
        RuntimeAnswers,
        Workload,
    )
    from upgrade_e2e.run import Upgraded

__all__ = [
    "ApiServer",
    "BackupsSeen",
    "Deployments",
    "DnsLookups",
    "Etcd",
    "EtcdBackup",
    "EtcdHealth",
    "GuardRails",
    "HttpEdge",
    "HttpService",
    "Inconclusive",
    "Limits",
    "NewPodsNetwork",
    "NodeResources",
    "NodeUsage",
    "Outage",
    "PodChurn",
    "RuntimeAnswers",
    "Runtimes",
    "Seen",
    "Upgraded",
    "Workload",
]

_HOMES = {
    "BackupsSeen": "upgrade_e2e.judge",
    "Etcd": "upgrade_e2e.judge",
    "Inconclusive": "upgrade_e2e.errors",
    "Limits": "upgrade_e2e.judge",
    "NodeUsage": "upgrade_e2e.judge.node_usage",
    "Outage": "upgrade_e2e.judge",
    "Runtimes": "upgrade_e2e.judge",
    "Seen": "upgrade_e2e.judge",
    "Upgraded": "upgrade_e2e.run",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "upgrade_e2e.observers")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
