"""Faults of what runs in the cluster: watched workloads, and objects behind the Kubernetes API."""

from __future__ import annotations

from upgrade_e2e.upgrade.fault_kind import KIND, YOUR_WEBHOOK, FaultKind
from upgrade_e2e.upgrade.fault_values import (
    failure_policy,
    memory_limit,
    nothing,
    replicas,
    webhook,
)

__all__ = ["IN_THE_CLUSTER", "IN_WORKLOADS"]

_KUBEADM = "DNS is the Deployment kube-system/coredns, as kubeadm and kind make it"
_WORKLOAD = "a scenario with a workload, such as rollout_502"
_DEPLOYMENTS = "the scenario deployments_go_through"

IN_WORKLOADS = (
    FaultKind(
        "no-prestop",
        "no-prestop",
        "requests that are still routed to a pod that ends are refused or reset",
        "the workload has no preStop delay and exits at once on SIGTERM",
        nothing,
        "workload",
        needs=_WORKLOAD,
    ),
    FaultKind(
        "no-readiness",
        "no-readiness",
        "requests reach pods that do not listen yet",
        "the workload has no readiness probe and listens half a second after its start",
        nothing,
        "workload",
        needs=_WORKLOAD,
    ),
)
"""Built into the workloads that observers deploy."""
IN_THE_CLUSTER = (
    FaultKind(
        "coredns-replicas",
        "coredns-replicas=1",
        "with one replica there is no DNS while that one is moved",
        "the Deployment kube-system/coredns gets that many replicas",
        replicas,
        "cluster",
        needs=_KUBEADM,
    ),
    FaultKind(
        "coredns-no-lameduck",
        "coredns-no-lameduck",
        "queries that are still routed to a CoreDNS pod that ends are lost",
        "the Corefile loses `lameduck` and CoreDNS is restarted: it ends at once on SIGTERM",
        nothing,
        "cluster",
        needs=_KUBEADM,
    ),
    FaultKind(
        "memory-limit",
        "memory-limit=kube-system/coredns:10Mi",
        "new pods of that workload are OOM killed, again and again",
        "the first container of a Deployment, DaemonSet or StatefulSet gets so little memory; in a "
        "cluster that is reused it has what it had before, once the pass is over",
        memory_limit,
        "cluster",
        KIND,
        late=True,
    ),
    FaultKind(
        "policy-gone",
        "policy-gone@drain",
        "objects that the policy of the scenario guard_rails forbids are admitted",
        "the binding of that ValidatingAdmissionPolicy is deleted",
        nothing,
        "cluster",
        KIND,
        needs="the scenario guard_rails",
        late=True,
    ),
    FaultKind(
        "provider-starved",
        "provider-starved@drain",
        "pods of new Deployments get no credential, so that they are never ready",
        "the CPU limit of the credential provider of the scenario deployments_go_through is cut to "
        "a hundredth of a core, and its pods are replaced",
        nothing,
        "cluster",
        KIND,
        needs=_DEPLOYMENTS,
        late=True,
    ),
    FaultKind(
        "webhook-gone",
        "webhook-gone@drain",
        "what a webhook of yours forbids is admitted, or nothing is, as its failurePolicy says",
        "the Deployment of a webhook of the user's is scaled to 0: Gatekeeper's, or that of "
        "webhook-gone=NAMESPACE/DEPLOYMENT; in a cluster that is kept it has its replicas again, "
        "once the pass is over",
        webhook,
        "cluster",
        KIND,
        needs=YOUR_WEBHOOK,
        late=True,
    ),
    FaultKind(
        "webhook-down",
        "webhook-down=fail",
        "pods of our own new Deployments are refused (fail), or come without a credential and are "
        "never ready (ignore)",
        "our own webhook, that of the scenario deployments_go_through, gets that failure policy, "
        "and its Deployment is scaled to 0; for a webhook of the user's there is webhook-gone",
        failure_policy,
        "cluster",
        KIND,
        needs=_DEPLOYMENTS,
        late=True,
    ),
)
"""Planted through the Kubernetes API."""
