"""Faults of the network between nodes, pods and webhooks, which providers plant."""

from __future__ import annotations

from upgrade_e2e.upgrade.fault_kind import KIND, YOUR_WEBHOOK, FaultKind
from upgrade_e2e.upgrade.fault_values import dropped, seconds
from upgrade_e2e.upgrade.plan import JOIN_NODE

__all__ = ["IN_THE_NETWORK"]

IN_THE_NETWORK = (
    FaultKind(
        "webhook-dropped",
        "webhook-dropped=5s@drain",
        "calls of an admission webhook hang until their timeout; then its failurePolicy decides",
        "packets from the control planes to the pods of the webhook are dropped for that time: "
        "Gatekeeper's, or those of webhook-dropped=5s:NAMESPACE/DEPLOYMENT",
        dropped,
        "nodes",
        KIND,
        needs=YOUR_WEBHOOK,
    ),
    FaultKind(
        "slow-cni",
        "slow-cni=5s",
        "pods start later than the time that they are given",
        "the CNI program of every worker is wrapped by one that sleeps for the given time before "
        "it adds a pod; where the cluster stays, it is put back at the end",
        seconds,
        "nodes",
        KIND,
    ),
    FaultKind(
        "late-kube-proxy",
        "late-kube-proxy=20s",
        "pods on a new node are Ready and reach no Service, and so no DNS",
        "kube-proxy of the node that joins is stopped as soon as it is there, and goes on after "
        "the given time",
        seconds,
        "nodes",
        KIND,
        needs="a scenario that watches new nodes, such as new_pods_have_network",
        hits=lambda _: JOIN_NODE,
    ),
)
