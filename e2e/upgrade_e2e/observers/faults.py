"""Planting the faults of the watched workload and those that go through the Kubernetes API."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.cluster.rollout import ADDONS, Rollout
from upgrade_e2e.errors import BadInput, FaultNotPlanted
from upgrade_e2e.observers.backup import EtcdBackup
from upgrade_e2e.observers.backup_faults import DAMAGES
from upgrade_e2e.observers.base import Alterable, Observer, label_or_kind
from upgrade_e2e.observers.deployments.planting import starve_provider, take_webhook_down
from upgrade_e2e.observers.guard_faults import (
    bring_webhook_back,
    delete_bindings,
    take_webhook_away,
)
from upgrade_e2e.observers.memory_limit import limit_memory, restore_memory
from upgrade_e2e.observers.workload import Workload
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.upgrade.faults import kind_of
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["CHANGES", "PLANTERS", "alter", "plant", "put_back"]

_DNS = ("coredns", "kube-system")
_ROLLOUT_S = 120.0
_WARM_UP_S = 0.5
"""Own choice: without it a fast machine listens before anyone asks, and the fault shows nothing."""
_RESTARTED = "upgrade-e2e/restarted-for"


def alter(observers: Sequence[Observer], faults: Iterable[Fault]) -> tuple[Observer, ...]:
    """The observers with those of the faults that are built into workloads.

    Touches nothing. Raises BadInput for such a fault when it changes no workload, and for one of
    backups where none are taken.
    """
    altered = tuple(observers)
    for fault in faults:
        _require_backups(altered, fault)
        change = CHANGES.get(fault.name)
        if change is not None:
            altered = _with_change(altered, fault, change)
    return altered


def _require_backups(observers: Iterable[Observer], fault: Fault) -> None:
    takes_some = any(isinstance(observer, EtcdBackup) for observer in observers)
    if fault.name in DAMAGES and not takes_some:
        raise BadInput(
            f"fault {fault} changes nothing: no observer of the selected scenarios takes backups; "
            "select one that does, such as the scenario backup_is_restorable."
        )


def plant(fault: Fault, cluster: Cluster) -> None:
    """Plant a fault of the cluster now, and wait until it is in effect.

    Raises FaultNotPlanted when the API server refuses it and when the cluster is like that
    already, and DeadlinePassed when CoreDNS is not rolled out, or pods do not end, in time.
    """
    try:
        PLANTERS[fault.name](fault, cluster)
    except TRANSIENT_API_ERRORS as error:
        raise FaultNotPlanted(
            f"fault {fault} could not be planted: the API server answered "
            f"{type(error).__name__}: {error}"
        ) from error


def put_back(faults: Iterable[Fault], cluster: Cluster) -> None:
    """Take back those of the faults of the cluster that can be taken back; for one that stays.

    Raises what the API client raises.
    """
    for fault in faults:
        if fault.name in RESTORERS:
            RESTORERS[fault.name](fault, cluster)


def _with_change(
    observers: tuple[Observer, ...], fault: Fault, change: Callable[[Workload], Workload]
) -> tuple[Observer, ...]:
    changed = tuple(
        observer.altered(change) if isinstance(observer, Alterable) else observer
        for observer in observers
    )
    if changed != observers:
        return changed
    alike = ", ".join(label_or_kind(one) for one in observers if isinstance(one, Alterable))
    if alike:
        raise BadInput(
            f"fault {fault} changes nothing: the workload of {alike} is like that already; leave "
            "out the fault, or give the observer another workload."
        )
    raise BadInput(
        f"fault {fault} changes nothing: no observer of the selected scenarios has a workload; "
        "select one that has, such as the scenario rollout_502."
    )


def _without_pre_stop(workload: Workload) -> Workload:
    return dataclasses.replace(workload, pre_stop_s=0.0, on_term="exit")


def _without_readiness(workload: Workload) -> Workload:
    return dataclasses.replace(workload, readiness=False, warm_up_s=_WARM_UP_S)


def _scale_dns(fault: Fault, cluster: Cluster) -> None:
    replicas = kind_of(fault.name).check(fault.value)
    if retry_api(lambda: _dns(cluster)).wanted == replicas:
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: the Deployment kube-system/coredns has {replicas} "
            "replicas already; give another number."
        )
    _patch_dns(cluster, {"spec": {"replicas": replicas}})
    _await_dns(cluster)


def _drop_lameduck(fault: Fault, cluster: Cluster) -> None:
    api = cluster.api
    config = retry_api(
        lambda: api.core.read_namespaced_config_map(*_DNS, _request_timeout=api.timeout)
    )
    found = (config.data or {}).get("Corefile", "")
    corefile = without_lameduck(found)
    if corefile == found:
        raise FaultNotPlanted(
            f"fault {fault} changes nothing: the Corefile in the ConfigMap kube-system/coredns "
            "has no `lameduck`; leave out the fault."
        )
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


def _dns(cluster: Cluster) -> Rollout:
    return Rollout.of_deployment(cluster.api.get_json(ADDONS["coredns"]))


def _await_dns(cluster: Cluster) -> None:
    wait_for(
        "the rollout of CoreDNS after planting a fault",
        lambda: _dns(cluster),
        lambda seen: seen.is_whole,
        Deadline(_ROLLOUT_S),
        transient=TRANSIENT_API_ERRORS,
    )


CHANGES: Mapping[str, Callable[[Workload], Workload]] = {
    "no-prestop": _without_pre_stop,
    "no-readiness": _without_readiness,
}
"""What each fault of the workload changes, by the fault's name."""

PLANTERS: Mapping[str, Callable[[Fault, Cluster], None]] = {
    "coredns-replicas": _scale_dns,
    "coredns-no-lameduck": _drop_lameduck,
    "memory-limit": limit_memory,
    "policy-gone": delete_bindings,
    "webhook-gone": take_webhook_away,
    "provider-starved": starve_provider,
    "webhook-down": take_webhook_down,
}
"""What plants each fault of the cluster, by the fault's name."""

RESTORERS: Mapping[str, Callable[[Fault, Cluster], None]] = {
    "memory-limit": restore_memory,
    "webhook-gone": bring_webhook_back,
}
"""What takes such a fault back, by the fault's name."""
