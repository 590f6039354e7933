"""PodDisruptionBudgets: how many pods may be evicted now."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e_simulator.api.times import now, seconds_since
from upgrade_e2e_simulator.controllers.controller import Controller, Place, controller_of
from upgrade_e2e_simulator.controllers.pods import is_active, is_ready, rounded
from upgrade_e2e_simulator.store import Change, Object, labels_of, name_of
from upgrade_e2e_simulator.store.selectors import selects

__all__ = ["DisruptionController"]

_BUDGETS = "poddisruptionbudgets.policy"
_REPLICASETS = "replicasets.apps"
_FORGET_S = 120
"""A pod that was evicted and is still there after this long counts as healthy again."""


class DisruptionController(Controller):
    """Counts the healthy pods of each budget; evictions count down in between."""

    watches = (_BUDGETS, "pods")
    resyncs = _BUDGETS

    def places(self, change: Change) -> Iterable[Place]:
        """The budget, or those that select the pod."""
        if change.key.resource == _BUDGETS:
            return [(change.key.namespace, change.key.name)]
        return [
            (change.key.namespace, name_of(budget))
            for budget in self.client.all_cached(_BUDGETS, change.key.namespace)
            if selects(budget["spec"].get("selector"), labels_of(change.new))
        ]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        budget = self.client.cached(_BUDGETS, namespace, name)
        if budget is None or "deletionTimestamp" in budget["metadata"]:
            return
        pods = [
            pod
            for pod in self.client.all_cached("pods", namespace)
            if selects(budget["spec"].get("selector"), labels_of(pod)) and is_active(pod)
        ]
        disrupted = _disrupted(budget, pods)
        healthy = sum(is_ready(pod) and name_of(pod) not in disrupted for pod in pods)
        expected = self._expected(namespace, pods)
        desired = _desired(budget["spec"], expected)
        status: Object = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": max(0, healthy - desired) if expected else 0,
            "observedGeneration": budget["metadata"]["generation"],
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        status["conditions"] = [_condition(budget, allowed=status["disruptionsAllowed"] > 0)]
        await self.client.put_status(_BUDGETS, budget, status)

    def _expected(self, namespace: str, pods: list[Object]) -> int:
        """What the pods' controllers are asked for; pods without one count themselves."""
        owners = {}
        alone = 0
        for pod in pods:
            owner = controller_of(pod)
            if owner is None or owner["kind"] != "ReplicaSet":
                alone += 1
                continue
            live = self.client.cached(_REPLICASETS, namespace, owner["name"])
            if live is not None:
                owners[owner["uid"]] = self._scale_of(namespace, live)
        return alone + sum(dict(owners.values()).values())

    def _scale_of(self, namespace: str, owner: Object) -> tuple[str, int]:
        above = controller_of(owner)
        if above is not None and above["kind"] == "Deployment":
            deployment = self.client.cached("deployments.apps", namespace, above["name"])
            if deployment is not None:
                return str(above["uid"]), int(deployment["spec"]["replicas"])
        return str(owner["metadata"]["uid"]), int(owner["spec"]["replicas"])


def _disrupted(budget: Object, pods: list[Object]) -> dict[str, str]:
    """Pods whose eviction was granted and that have not yet been seen going."""
    known = budget["status"].get("disruptedPods") or {}
    there = {name_of(pod) for pod in pods}
    return {
        name: since
        for name, since in known.items()
        if name in there and seconds_since(since) < _FORGET_S
    }


def _desired(spec: Object, expected: int) -> int:
    if spec.get("maxUnavailable") is not None:
        return max(0, expected - rounded(spec["maxUnavailable"], expected, up=True))
    return rounded(spec.get("minAvailable", 1), expected, up=True)


def _condition(budget: Object, *, allowed: bool) -> Object:
    known = (budget["status"].get("conditions") or [{}])[0]
    held = str(allowed)
    since = known["lastTransitionTime"] if known.get("status") == held else now()
    return {
        "type": "DisruptionAllowed",
        "status": held,
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "lastTransitionTime": since,
        "observedGeneration": budget["metadata"]["generation"],
    }
