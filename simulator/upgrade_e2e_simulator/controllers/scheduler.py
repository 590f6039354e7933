"""The scheduler: gives pods to nodes that fit, spreading them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.controllers.controller import Controller, Place
from upgrade_e2e_simulator.controllers.placement import fits, tolerates_all
from upgrade_e2e_simulator.controllers.pods import is_active
from upgrade_e2e_simulator.parameters import ControllerParameters
from upgrade_e2e_simulator.store import Change, Object, labels_of, name_of, namespace_of
from upgrade_e2e_simulator.store.selectors import selects

__all__ = ["Scheduler"]

_DEFAULT = "default-scheduler"
_PODS = resource_named("pods")


class Scheduler(Controller):
    """Filters by taints, selectors, required (anti-)affinity, hard spread and room; then scores."""

    watches = ("pods", "nodes")
    resyncs = "pods"

    def __init__(self, client: Client, parameters: ControllerParameters) -> None:
        super().__init__(client)
        self._parameters = parameters
        self._unplaced: set[Place] = set()

    def places(self, change: Change) -> Iterable[Place]:
        """A pod without a node; after a change that makes room, all that found none."""
        if change.key.resource == "nodes" or change.gone:
            waiting, self._unplaced = self._unplaced, set()
            return waiting
        if change.new["spec"].get("nodeName"):
            return []
        return [(change.key.namespace, change.key.name)]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        pod = self.client.cached("pods", namespace, name)
        if pod is None or not _waits(pod):
            return
        if self._parameters.schedule_s:
            await asyncio.sleep(self._parameters.schedule_s)
        node = self._choose(pod)
        if node is None:
            self._unplaced.add((namespace, name))
            await self._tell_unschedulable(pod)
            return
        await self.client.bind(pod, node)

    def _choose(self, pod: Object) -> str | None:
        running = [
            other
            for other in self.client.all_cached("pods")
            if other["spec"].get("nodeName") and is_active(other)
        ]
        crowd = Counter(str(other["spec"]["nodeName"]) for other in running)
        nodes = [
            node
            for node in self.client.all_cached("nodes")
            if not node["spec"].get("unschedulable")
            and fits(pod["spec"], node)
            and tolerates_all(pod["spec"], node)
            and crowd[name_of(node)] < int(node["status"].get("allocatable", {}).get("pods", "0"))
            and not _repelled(pod, node, running)
        ]
        scores = {name_of(node): _score(pod, node, running, crowd) for node in nodes}
        return min(scores, key=lambda name: (scores[name], name)) if scores else None

    async def _tell_unschedulable(self, pod: Object) -> None:
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "no node fits the pod: taints, selectors, affinity or room",
            "lastProbeTime": None,
            "lastTransitionTime": now(),
        }
        known = pod["status"].get("conditions") or []
        if any(item.get("reason") == "Unschedulable" for item in known):
            return
        status = {**pod["status"], "conditions": [*known, condition]}
        await self.client.put_status("pods", pod, status)


def _waits(pod: Object) -> bool:
    spec = pod["spec"]
    gated = spec.get("schedulingGates") or spec.get("schedulerName", _DEFAULT) != _DEFAULT
    return is_active(pod) and not spec.get("nodeName") and not gated


def _repelled(pod: Object, node: Object, running: list[Object]) -> bool:
    """Required pod anti-affinity, by host name only: the one topology that matters here."""
    rules = ((pod["spec"].get("affinity") or {}).get("podAntiAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or ()
    here = [other for other in running if other["spec"]["nodeName"] == name_of(node)]
    return any(
        selects(rule.get("labelSelector"), labels_of(other))
        for rule in rules
        for other in here
        if namespace_of(other) == namespace_of(pod)
    )


def _score(
    pod: Object, node: Object, running: list[Object], crowd: Counter[str]
) -> tuple[int, int]:
    """Lower is better: pods that are to be spread, or of the same owner, then pods of any kind."""
    here = [
        other
        for other in running
        if other["spec"]["nodeName"] == name_of(node) and namespace_of(other) == namespace_of(pod)
    ]
    rules = [rule.get("labelSelector") for rule in _spread(pod)]
    if not rules:
        owners = {reference["uid"] for reference in pod["metadata"].get("ownerReferences") or ()}
        alike = sum(
            any(one["uid"] in owners for one in other["metadata"].get("ownerReferences") or ())
            for other in here
        )
    else:
        alike = sum(selects(rule, labels_of(other)) for rule in rules for other in here)
    return alike, crowd[name_of(node)]


def _spread(pod: Object) -> list[Object]:
    spec = pod["spec"]
    preferred = ((spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(
        "preferredDuringSchedulingIgnoredDuringExecution"
    ) or []
    soft = [rule["podAffinityTerm"] for rule in preferred]
    return [*(spec.get("topologySpreadConstraints") or ()), *soft]
