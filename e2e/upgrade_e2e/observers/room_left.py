"""How much of each node is given away: what it can give, and what its pods ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

__all__ = ["RESOURCES", "NodeRoom", "rooms_of"]

RESOURCES = ("cpu", "memory")
"""In cores and bytes."""
_ENDED = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class NodeRoom:
    """What one node can give to pods, and what pods on it ask for: cores and bytes by resource."""

    node: str
    allocatable: Mapping[str, float] = field(default_factory=dict)
    requested: Mapping[str, float] = field(default_factory=dict)


def rooms_of(
    nodes: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]]
) -> Iterator[NodeRoom]:
    """The room of each node, from the API's objects; pods that have ended ask for nothing."""
    asked: dict[str, dict[str, Decimal]] = {}
    for pod in pods:
        node = pod["spec"].get("nodeName")
        if node and (pod.get("status") or {}).get("phase") not in _ENDED:
            for name in RESOURCES:
                on_node = asked.setdefault(node, dict.fromkeys(RESOURCES, Decimal(0)))
                on_node[name] += pod_request(pod["spec"], name)
    for node_object in nodes:
        name = node_object["metadata"]["name"]
        allocatable = (node_object.get("status") or {}).get("allocatable") or {}
        yield NodeRoom(
            node=name,
            allocatable={one: float(_amount(allocatable, one)) for one in RESOURCES},
            requested={one: float(asked.get(name, {}).get(one, 0)) for one in RESOURCES},
        )


def pod_request(spec: Mapping[str, Any], resource: str) -> Decimal:
    """What the scheduler reserves for a pod.

    That is the larger of all its containers together and of each init container with the sidecars
    that were started before it (init containers that are restarted always), and its overhead.
    """
    running = sum((_asked(one, resource) for one in spec.get("containers") or ()), Decimal(0))
    sidecars = most_at_start = Decimal(0)
    for one in spec.get("initContainers") or ():
        asked = _asked(one, resource)
        if one.get("restartPolicy") == "Always":
            sidecars += asked
            most_at_start = max(most_at_start, sidecars)
        else:
            most_at_start = max(most_at_start, sidecars + asked)
    return max(running + sidecars, most_at_start) + _amount(spec.get("overhead") or {}, resource)


def _asked(container: Mapping[str, Any], resource: str) -> Decimal:
    return _amount((container.get("resources") or {}).get("requests") or {}, resource)


def _amount(amounts: Mapping[str, Any], resource: str) -> Decimal:
    return Decimal(parse_quantity(amounts.get(resource, 0)))  # type: ignore[no-untyped-call]
