"""The status of a pod, as its kubelet reports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.node.container import Container
from upgrade_e2e_simulator.store import Object

__all__ = ["Facts", "PodStatus", "with_foreign_conditions"]

_OURS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


@dataclass
class Facts:
    """What the worker knows of its pod."""

    host_ip: str
    address: str = ""
    phase: str = "Pending"
    started: str = ""
    sandbox: bool = False
    initialized: bool = False
    init: Sequence[Container] = ()
    containers: Sequence[Container] = ()


@dataclass
class PodStatus:
    """Makes the status, and remembers when each condition changed."""

    pod: Object
    _since: dict[str, tuple[str, str]] = field(default_factory=dict)

    def make(self, facts: Facts) -> Object:
        """The status that the facts mean; conditions of others in the API are kept elsewhere."""
        status: Object = {
            "phase": facts.phase,
            "conditions": self._conditions(facts),
            "hostIP": facts.host_ip,
            "hostIPs": [{"ip": facts.host_ip}],
            "qosClass": self.pod.get("status", {}).get("qosClass", "BestEffort"),
            "containerStatuses": [container.status for container in facts.containers],
        }
        if facts.started:
            status["startTime"] = facts.started
        if facts.address:
            status["podIP"] = facts.address
            status["podIPs"] = [{"ip": facts.address}]
        if facts.init:
            status["initContainerStatuses"] = [container.status for container in facts.init]
        return status

    def _conditions(self, facts: Facts) -> list[Object]:
        over = facts.phase in {"Succeeded", "Failed"}
        ready = not over and all(container.ready for container in facts.containers)
        ready = ready and bool(facts.containers)
        held = {
            "PodReadyToStartContainers": facts.sandbox,
            "Initialized": facts.initialized,
            "Ready": ready,
            "ContainersReady": ready,
            "PodScheduled": True,
        }
        return [self._condition(kind, held[kind], facts) for kind in _OURS]

    def _condition(self, kind: str, held: bool, facts: Facts) -> Object:
        value = str(held)
        known = self._since.get(kind)
        if known is None or known[0] != value:
            known = self._since[kind] = (value, now())
        condition: Object = {
            "type": kind,
            "status": value,
            "lastProbeTime": None,
            "lastTransitionTime": known[1],
        }
        if not held and kind in {"Ready", "ContainersReady"}:
            condition.update(_why(facts))
        return condition


def _why(facts: Facts) -> Object:
    if facts.phase == "Succeeded":
        return {"reason": "PodCompleted"}
    unready = " ".join(item.name for item in facts.containers if not item.ready)
    return {
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{unready}]",
    }


def with_foreign_conditions(status: Object, live: Object) -> Object:
    """`status` with those conditions of `live` that no kubelet sets (DisruptionTarget)."""
    foreign = [
        condition
        for condition in live.get("status", {}).get("conditions") or ()
        if condition["type"] not in _OURS
    ]
    return {**status, "conditions": [*foreign, *status["conditions"]]}
