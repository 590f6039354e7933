"""Faults that are planted through the API: in the watched workload and in the cluster's DNS."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.base import Observer
from upgrade_e2e.observers.edge import HttpEdge
from upgrade_e2e.observers.http import HttpService
from upgrade_e2e.observers.rollout import rolled_out
from upgrade_e2e.observers.workload import Workload
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["CATALOGUE", "ApiFault", "alter", "plant", "plant_before"]

_DNS = ("coredns", "kube-system")
_ROLLOUT_S = 120.0
_WARM_UP_S = 0.5
"""Own choice: without it a fast machine listens before anyone asks, and the fault shows nothing."""
_RESTARTED = "upgrade-e2e/restarted-for"


@dataclass(frozen=True)
class ApiFault:
    """A fault that this layer can plant.

    `breaks` says what goes wrong and why, `value` what the text after `=` means (empty when there
    is none), `needs` which clusters it works on. One of `alters` (the workload, before it is
    deployed) and `plants` (the cluster, at any time) is there.
    """

    name: str
    breaks: str
    value: str = ""
    needs: str = "any cluster"
    alters: Callable[[Workload], Workload] | None = None
    plants: Callable[[Fault, Cluster], None] | None = None


def _without_pre_stop(workload: Workload) -> Workload:
    return dataclasses.replace(workload, pre_stop_s=0.0, on_term="exit")


def _without_readiness(workload: Workload) -> Workload:
    return dataclasses.replace(workload, readiness=False, warm_up_s=_WARM_UP_S)


def _scale_dns(fault: Fault, cluster: Cluster) -> None:
    if not fault.value.isdigit():
        raise BadInput(f"fault {fault}: give a number of replicas, as in coredns-replicas=1.")
    _patch_dns(cluster, {"spec": {"replicas": int(fault.value)}})
    _await_dns(cluster)


def _drop_lameduck(fault: Fault, cluster: Cluster) -> None:
    api = cluster.api
    config = retry_api(
        lambda: api.core.read_namespaced_config_map(*_DNS, _request_timeout=api.timeout)
    )
    corefile = without_lameduck(config.data["Corefile"])
    patch = {"data": {"Corefile": corefile}}
    retry_api(
        lambda: api.core.patch_namespaced_config_map(*_DNS, patch, _request_timeout=api.timeout)
    )
    mark = {"metadata": {"annotations": {_RESTARTED: fault.name}}}
    _patch_dns(cluster, {"spec": {"template": mark}})
    _await_dns(cluster)


def without_lameduck(corefile: str) -> str:
    """The Corefile with a `health` plugin that ends at once on SIGTERM."""
    return re.sub(r"lameduck\s+\S+", "", corefile)


def _patch_dns(cluster: Cluster, patch: dict[str, object]) -> None:
    api = cluster.api
    retry_api(
        lambda: api.apps.patch_namespaced_deployment(*_DNS, patch, _request_timeout=api.timeout)
    )


def _await_dns(cluster: Cluster) -> None:
    api = cluster.api
    wait_for(
        "the rollout of CoreDNS after planting a fault",
        lambda: rolled_out(
            api.apps.read_namespaced_deployment(*_DNS, _request_timeout=api.timeout)
        ),
        bool,
        Deadline(_ROLLOUT_S),
        transient=TRANSIENT_API_ERRORS,
    )


_KUBEADM = "a cluster whose DNS is the Deployment kube-system/coredns, as kubeadm and kind make it"

CATALOGUE: Mapping[str, ApiFault] = {
    fault.name: fault
    for fault in (
        ApiFault(
            "no-prestop",
            "the workload exits at once on SIGTERM, without a preStop delay: requests that are "
            "still routed to it are refused or reset",
            alters=_without_pre_stop,
        ),
        ApiFault(
            "no-readiness",
            f"the workload listens {_WARM_UP_S:g} s after its start and has no readiness probe: "
            "requests reach pods that do not listen yet",
            alters=_without_readiness,
        ),
        ApiFault(
            "coredns-replicas",
            "with one replica there is no DNS while that one is moved",
            value="number of replicas",
            needs=_KUBEADM,
            plants=_scale_dns,
        ),
        ApiFault(
            "coredns-no-lameduck",
            "CoreDNS ends at once on SIGTERM: queries that are still routed to it are lost",
            needs=_KUBEADM,
            plants=_drop_lameduck,
        ),
    )
}
"""The faults of this layer by name."""


def plant(fault: Fault, cluster: Cluster) -> None:
    """Plant a fault in the cluster now. Raises BadInput for one that is not planted that way."""
    known = CATALOGUE.get(fault.name)
    if known is None:
        raise BadInput(f"no fault {fault.name!r}; there are {', '.join(sorted(CATALOGUE))}.")
    if known.plants is None:
        raise _built_in(fault)
    known.plants(fault, cluster)


def plant_before(faults: Iterable[Fault], cluster: Cluster) -> None:
    """Plant those faults of this layer that begin before the upgrade, in the cluster."""
    for fault in faults:
        known = CATALOGUE.get(fault.name)
        if known is not None and known.plants is not None and not fault.at:
            known.plants(fault, cluster)


def alter(observers: Sequence[Observer], faults: Sequence[Fault]) -> tuple[Observer, ...]:
    """The observers with those faults of this layer that are built into workloads.

    Raises BadInput when such a fault is to begin at a step.
    """
    altered = tuple(observers)
    for fault in faults:
        known = CATALOGUE.get(fault.name)
        if known is None or known.alters is None:
            continue
        if fault.at:
            raise _built_in(fault)
        altered = tuple(_with_workload(observer, known.alters) for observer in altered)
    return altered


def _built_in(fault: Fault) -> BadInput:
    return BadInput(
        f"fault {fault} is built into the workload and cannot begin at a step; write "
        f"{fault.name} without `@{fault.at}`."
    )


def _with_workload(observer: Observer, change: Callable[[Workload], Workload]) -> Observer:
    if isinstance(observer, HttpService):
        return dataclasses.replace(observer, workload=change(observer.workload))
    if isinstance(observer, HttpEdge):
        backend = observer.backend
        changed = dataclasses.replace(backend, workload=change(backend.workload))
        return dataclasses.replace(observer, backend=changed)
    return observer
