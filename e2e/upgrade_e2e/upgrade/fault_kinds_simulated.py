"""Faults that simulated clusters alone have."""

from __future__ import annotations

from upgrade_e2e.upgrade.fault_kind import SIM, FaultKind
from upgrade_e2e.upgrade.fault_values import addon, nothing, seconds, share

__all__ = ["SIMULATED"]

SIMULATED = (
    FaultKind(
        "etcd-stall",
        "etcd-stall=2s@drain",
        "writes and fresh reads hang, then fail with 504; /readyz says no",
        "the storage does not answer for the given time",
        seconds,
        "nodes",
        SIM,
    ),
    FaultKind(
        "addon-stays",
        "addon-stays=kube-proxy",
        "one addon is still at the old version after the upgrade",
        "kubeadm does not roll that addon",
        addon,
        "nodes",
        SIM,
        hits=lambda _: "kubeadm-apply",
    ),
    FaultKind(
        "endpoint-delay",
        "endpoint-delay=3s",
        "connections go to pods that are gone: refused, and 502 behind an edge",
        "each node's service table is that much behind the EndpointSlices",
        seconds,
        "nodes",
        SIM,
    ),
    FaultKind(
        "no-grace",
        "no-grace",
        "pods are gone before their endpoints are removed: connections and lookups are refused",
        "kubelets kill containers at once, without preStop hook and SIGTERM",
        nothing,
        "nodes",
        SIM,
    ),
    FaultKind(
        "dns-drop",
        "dns-drop=0.01",
        "lookups time out",
        "that share of DNS queries is lost on the way",
        share,
        "nodes",
        SIM,
    ),
    FaultKind(
        "dns-delay",
        "dns-delay=200ms",
        "lookups are slow",
        "every DNS answer is late by that much",
        seconds,
        "nodes",
        SIM,
    ),
)
