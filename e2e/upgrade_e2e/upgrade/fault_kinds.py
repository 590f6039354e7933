"""The one catalogue of faults: what each breaks, what its value means and who plants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade.fault_values import (
    addon,
    image_name,
    nothing,
    rate,
    replicas,
    seconds,
    share,
    target_of,
)
from upgrade_e2e.upgrade.plan import JOIN_NODE

__all__ = ["CATALOGUE", "ActsOn", "FaultKind", "kind_of", "plantable_on"]

ActsOn = Literal["workload", "cluster", "nodes"]


@dataclass(frozen=True)
class FaultKind:
    """One entry of the catalogue.

    `form` is an example of how the fault is written, `breaks` says what goes wrong, `does` how
    that is brought about. `check` reads the value, or raises BadInput. `acts_on` says who plants
    it: a fault of the `workload` is built into what observers deploy, one of the `cluster` is
    planted through the Kubernetes API, one of the `nodes` by the provider. `providers` names the
    providers that can plant it; empty means any, and then `needs` says which clusters it works
    on. `hits` gives the step (kind or name) that is to go wrong for a value: the fault comes
    before that step or changes nothing.
    """

    name: str
    form: str
    breaks: str
    does: str
    check: Callable[[str], object]
    acts_on: ActsOn
    providers: frozenset[str] = frozenset()
    needs: str = "any cluster"
    hits: Callable[[str], str] | None = None

    def plantable_on(self, provider: str) -> bool:
        """Whether this fault can be planted in clusters of `provider`."""
        return not self.providers or provider in self.providers


_KIND_AND_SIM = frozenset({"kind", "sim"})
_KIND, _SIM = frozenset({"kind"}), frozenset({"sim"})
_KUBEADM = "a cluster whose DNS is the Deployment kube-system/coredns, as kubeadm and kind make it"

_IN_WORKLOADS = (
    FaultKind(
        "no-prestop",
        "no-prestop",
        "requests that are still routed to a pod that ends are refused or reset",
        "the workload has no preStop delay and exits at once on SIGTERM",
        nothing,
        "workload",
    ),
    FaultKind(
        "no-readiness",
        "no-readiness",
        "requests reach pods that do not listen yet",
        "the workload has no readiness probe and listens half a second after its start",
        nothing,
        "workload",
    ),
)
_IN_THE_CLUSTER = (
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
)
_ON_NODES = (
    FaultKind(
        "kubelet-qps",
        "kubelet-qps=1",
        "pods become Ready, and are seen as gone, later than they are",
        "kubelets send at most that many API requests per second; kubeadm does not undo it",
        rate,
        "nodes",
        _KIND_AND_SIM,
    ),
    FaultKind(
        "apiserver-freeze",
        "apiserver-freeze=2s@drain",
        "API requests hang for that long",
        "every API server stops for the given time and answers nothing, then goes on",
        seconds,
        "nodes",
        _KIND_AND_SIM,
    ),
    FaultKind(
        "fail-step",
        "fail-step=drain:worker2",
        "the upgrade itself fails at that step",
        "the program of the step exits with 1; for a drain, a pod is put on the node that its "
        "PodDisruptionBudget does not let go",
        target_of,
        "nodes",
        _KIND_AND_SIM,
        hits=lambda value: " ".join(target_of(value)),
    ),
    FaultKind(
        "lacks-image",
        "lacks-image=registry.k8s.io/pause:3.10.1",
        "what needs that image on a worker waits for the registry, and fails where there is none: "
        "without pause of the new version, kubeadm's health Job does not end, [ERROR CreateJob]",
        "an image that was put on the nodes beforehand is removed from every worker",
        image_name,
        "nodes",
        _KIND,
    ),
    FaultKind(
        "slow-cni",
        "slow-cni=5s",
        "pods start later than the time that they are given",
        "the CNI program of every worker is wrapped by one that sleeps for the given time before "
        "it adds a pod; where the cluster stays, it is put back at the end",
        seconds,
        "nodes",
        _KIND,
    ),
    FaultKind(
        "late-kube-proxy",
        "late-kube-proxy=20s",
        "pods on a new node are Ready and reach no Service, and so no DNS",
        "kube-proxy of the node that joins is stopped as soon as it is there, and goes on after "
        "the given time",
        seconds,
        "nodes",
        _KIND,
        hits=lambda _: JOIN_NODE,
    ),
    FaultKind(
        "etcd-stall",
        "etcd-stall=2s@drain",
        "writes and fresh reads hang, then fail with 504; /readyz says no",
        "the storage does not answer for the given time",
        seconds,
        "nodes",
        _SIM,
    ),
    FaultKind(
        "addon-stays",
        "addon-stays=kube-proxy",
        "one addon is still at the old version after the upgrade",
        "kubeadm does not roll that addon",
        addon,
        "nodes",
        _SIM,
        hits=lambda _: "kubeadm-apply",
    ),
    FaultKind(
        "endpoint-delay",
        "endpoint-delay=3s",
        "connections go to pods that are gone: refused, and 502 behind an edge",
        "each node's service table is that much behind the EndpointSlices",
        seconds,
        "nodes",
        _SIM,
    ),
    FaultKind(
        "no-grace",
        "no-grace",
        "pods are gone before their endpoints are removed: connections and lookups are refused",
        "kubelets kill containers at once, without preStop hook and SIGTERM",
        nothing,
        "nodes",
        _SIM,
    ),
    FaultKind(
        "dns-drop",
        "dns-drop=0.01",
        "lookups time out",
        "that share of DNS queries is lost on the way",
        share,
        "nodes",
        _SIM,
    ),
    FaultKind(
        "dns-delay",
        "dns-delay=200ms",
        "lookups are slow",
        "every DNS answer is late by that much",
        seconds,
        "nodes",
        _SIM,
    ),
)

CATALOGUE: tuple[FaultKind, ...] = (*_IN_WORKLOADS, *_IN_THE_CLUSTER, *_ON_NODES)
"""Every fault; those that work on any cluster come first."""

_BY_NAME: Mapping[str, FaultKind] = {kind.name: kind for kind in CATALOGUE}


def kind_of(name: str) -> FaultKind:
    """The entry of that name; raises BadInput."""
    if name not in _BY_NAME:
        raise BadInput(f"there is no fault {name!r}; `upgrade-e2e faults` lists all.")
    return _BY_NAME[name]


def plantable_on(provider: str) -> frozenset[str]:
    """The names of the faults that can be planted in clusters of `provider`."""
    return frozenset(kind.name for kind in CATALOGUE if kind.plantable_on(provider))
