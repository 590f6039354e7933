"""Evictions: deletions of pods that ask the disruption budgets first."""

from __future__ import annotations

from typing import Any

from upgrade_e2e_simulator.api.deletion import DeleteOptions
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.status import StatusError, cause, too_many_requests
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.store import Object, labels_of, name_of
from upgrade_e2e_simulator.store.selectors import selects

__all__ = ["evict"]

_PODS = resource_named("pods")
_BUDGETS = resource_named("poddisruptionbudgets.policy")
_NO_BUDGET = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(registry: Registry, namespace: str, name: str, eviction: Any) -> Object:
    """Delete the pod if its budget allows: 404, 429 (not now), 500 (two budgets)."""
    pod = registry.get(_PODS, namespace, name)
    options = DeleteOptions.parse((eviction or {}).get("deleteOptions"), {})
    options.check(_PODS, pod)
    if _counts(pod):
        _charge(registry, namespace, pod, options)
    if not options.dry_run:
        _tell_why(registry, namespace, name)
        registry.delete(_PODS, namespace, name, options)
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }


def _counts(pod: Object) -> bool:
    """Pods that are over, going or not yet running cost no budget."""
    phase = pod["status"].get("phase")
    going = "deletionTimestamp" in pod["metadata"]
    return phase not in {"Succeeded", "Failed", "Pending"} and not going


def _charge(registry: Registry, namespace: str, pod: Object, options: DeleteOptions) -> None:
    budgets = [
        budget
        for budget in registry.store.objects(_BUDGETS.name, namespace)
        if selects(budget["spec"].get("selector"), labels_of(pod))
    ]
    if len(budgets) > 1:
        raise StatusError(
            500,
            "InternalError",
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
            "not support.",
        )
    for budget in budgets:
        if not _unhealthy_is_free(pod, budget):
            _check(budget)
            if not options.dry_run:
                _spend(registry, namespace, budget, name_of(pod))


def _unhealthy_is_free(pod: Object, budget: Object) -> bool:
    conditions = pod["status"].get("conditions") or ()
    if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget["status"]
    desired = status.get("desiredHealthy", 0)
    return bool(desired > 0 and status.get("currentHealthy", 0) >= desired)


def _check(budget: Object) -> None:
    status = budget["status"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 1):
        wait = f"The disruption budget {name_of(budget)} is still being processed by the server."
        raise too_many_requests(_NO_BUDGET, causes=[cause("", wait, "DisruptionBudget")])
    if status.get("disruptionsAllowed", 0) <= 0:
        why = (
            f"The disruption budget {name_of(budget)} needs {status.get('desiredHealthy', 0)} "
            f"healthy pods and has {status.get('currentHealthy', 0)} currently"
        )
        raise too_many_requests(
            _NO_BUDGET, retry_after_s=0, causes=[cause("", why, "DisruptionBudget")]
        )


def _spend(registry: Registry, namespace: str, budget: Object, pod: str) -> None:
    def spent(live: Object) -> Object:
        status = dict(live["status"])
        status["disruptionsAllowed"] = status.get("disruptionsAllowed", 0) - 1
        status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod: now()}
        return {**live, "status": status}

    registry.change(_BUDGETS, namespace, name_of(budget), spent, subresource="status")


def _tell_why(registry: Registry, namespace: str, name: str) -> None:
    def told(live: Object) -> Object:
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
            "lastTransitionTime": now(),
        }
        others = [
            item
            for item in live["status"].get("conditions") or ()
            if item["type"] != condition["type"]
        ]
        return {**live, "status": {**live["status"], "conditions": [*others, condition]}}

    registry.change(_PODS, namespace, name, told, subresource="status")
