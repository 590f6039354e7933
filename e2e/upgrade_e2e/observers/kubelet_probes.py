"""Probes that read what each node's own kubelet publishes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import items
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.base import SERVICE_ACCOUNT_TOKEN, Probe
from upgrade_e2e.timeline import Connection

__all__ = ["kubelet_probe", "kubelet_url"]


def kubelet_url(cluster: Cluster, observer: str) -> str:
    """Where a prober in the network of a node reaches its kubelet.

    Raises E2eError, in the name of `observer`, where kubelets do not all have one port.
    """
    ports = _ports(items(cluster, "/api/v1/nodes"))
    if len(ports) != 1:
        raise E2eError(
            f"{observer} asks all kubelets at one port, and the nodes name {len(ports)} "
            f"({sorted(ports)}); choose scenarios without it, with --scenario."
        )
    return f"https://{{node_ip}}:{ports.pop()}"


def kubelet_probe(
    name: str,
    url: str,
    metrics: Sequence[str],
    *,
    every_s: float,
    timeout_s: float,
    more: Mapping[str, Any] | None = None,
) -> Probe:
    """One for every node, which keeps these metrics; `more` are settings of a scrape."""
    return Probe(
        name=name,
        kind="scrape",
        target=url,
        interval_s=every_s,
        timeout_s=timeout_s,
        connection=Connection.NEW,
        settings={
            "url": url,
            "metrics": list(metrics),
            "token_file": SERVICE_ACCOUNT_TOKEN,
            # A kubelet signs its own certificate unless its cluster says otherwise.
            "insecure": True,
            **(more or {}),
        },
    )


def _ports(nodes: Iterable[Mapping[str, Any]]) -> set[int]:
    """The ports at which kubelets answer, as nodes say it; empty where none does."""
    endpoints = ((node.get("status") or {}).get("daemonEndpoints") or {} for node in nodes)
    found = ((one.get("kubeletEndpoint") or {}).get("Port") for one in endpoints)
    return {int(port) for port in found if port}
