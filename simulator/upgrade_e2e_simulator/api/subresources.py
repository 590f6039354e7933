"""What components change beyond objects: a pod's node, and a namespace's finalizers."""

from __future__ import annotations

from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.status import conflict
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.store import Object

__all__ = ["bind", "finalize"]

_PODS = resource_named("pods")
_NAMESPACES = resource_named("namespaces")


def bind(registry: Registry, namespace: str, pod: str, node: str) -> None:
    """Give a pod to a node, as the scheduler does. 404, 409 when it has one."""
    live = registry.get(_PODS, namespace, pod)
    if live["spec"].get("nodeName"):
        why = f"pod {pod} is already assigned to node {live['spec']['nodeName']!r}"
        raise conflict(_PODS, pod, why)
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now(),
    }
    others = [
        item for item in live["status"].get("conditions") or () if item["type"] != "PodScheduled"
    ]
    bound = {
        **live,
        "spec": {**live["spec"], "nodeName": node},
        "status": {**live["status"], "conditions": [*others, scheduled]},
    }
    registry.put(_PODS, live, bound)


def finalize(registry: Registry, name: str) -> Object:
    """Take a namespace's finalizers off, so that it goes."""
    live = registry.get(_NAMESPACES, "", name)
    return registry.put(_NAMESPACES, live, {**live, "spec": {**live["spec"], "finalizers": []}})
