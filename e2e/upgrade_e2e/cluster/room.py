"""Room for pods: on which nodes a workload of ours may run, as their taints allow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster.asking import items
from upgrade_e2e.cluster.handle import Cluster

__all__ = ["CONTROL_PLANE_TAINT", "ROOM_CHOICE", "Room", "Taints", "read_room"]

Taints = Sequence[Mapping[str, Any]]
"""Taints as the API writes them."""

CONTROL_PLANE_TAINT = "node-role.kubernetes.io/control-plane"
ROOM_CHOICE = "watched-workloads"
"""The choice by which artifacts say that workloads were let onto control planes."""

_OF_CONTROL_PLANES = {"key": CONTROL_PLANE_TAINT, "effect": "NoSchedule"}
_KEEPS_OUT = frozenset({"NoSchedule", "NoExecute"})
_CORDONED = "node.kubernetes.io/unschedulable"
# Nodes get and lose these by themselves: not-ready, disk-pressure and the like.
_PASSING = "node.kubernetes.io/"
_ENOUGH = 2


@dataclass(frozen=True)
class Room:
    """The nodes of a cluster by what may run on them; names are short, as steps give them.

    `open_nodes` take every pod. `control_planes` take pods that tolerate the taint of control
    planes and no other. All other nodes, such as one with the taint `dedicated=gpu`, are kept for
    somebody else, and nothing that is watched runs there.
    """

    nodes: tuple[str, ...] = ()
    open_nodes: tuple[str, ...] = ()
    control_planes: tuple[str, ...] = ()

    @classmethod
    def of_nodes(cls, nodes: Iterable[Mapping[str, Any]], prefix: str = "") -> Room:
        """The room on these Nodes; `prefix` is what their names have in front of the short ones."""
        kept_by = {
            node["metadata"]["name"].removeprefix(prefix): _taints_that_keep_out(node)
            for node in nodes
        }
        return cls(
            nodes=tuple(kept_by),
            open_nodes=tuple(name for name, taints in kept_by.items() if not taints),
            control_planes=tuple(
                name for name, taints in kept_by.items() if taints == {CONTROL_PLANE_TAINT}
            ),
        )

    @classmethod
    def planned(
        cls,
        control_planes: Sequence[str],
        workers: Sequence[str],
        registered: Mapping[str, Taints] | None = None,
    ) -> Room:
        """The room on nodes that are yet to be made: kubeadm gives control planes their taint.

        `registered` are the taints with which some nodes register instead. A single node loses the
        taint of control planes, or nothing could run in the cluster.
        """
        taints: dict[str, Taints] = {
            **dict.fromkeys(control_planes, (_OF_CONTROL_PLANES,)),
            **dict.fromkeys(workers, ()),
            **(registered or {}),
        }
        if len(taints) == 1:
            taints = {
                name: [taint for taint in own if taint["key"] != CONTROL_PLANE_TAINT]
                for name, own in taints.items()
            }
        return cls.of_nodes(
            {"metadata": {"name": name}, "spec": {"taints": own}} for name, own in taints.items()
        )

    @property
    def uses_control_planes(self) -> bool:
        """Whether watched workloads must be let onto control planes to survive a drain."""
        return len(self.open_nodes) < _ENOUGH and bool(self.control_planes)

    @property
    def usable(self) -> tuple[str, ...]:
        """The nodes on which a watched workload may run."""
        return (*self.open_nodes, *(self.control_planes if self.uses_control_planes else ()))

    @property
    def tolerations(self) -> list[dict[str, str]]:
        """What the pods of a watched workload tolerate."""
        if not self.uses_control_planes:
            return []
        return [{"key": CONTROL_PLANE_TAINT, "operator": "Exists"}]

    @property
    def choices(self) -> dict[str, str]:
        """What artifacts say about it; nothing where workloads run as their authors wrote them."""
        if not self.uses_control_planes:
            return {}
        there = ", ".join(self.open_nodes)
        why = (
            f"{there} is the only node that takes every pod" if there else "no node takes every pod"
        )
        return {
            ROOM_CHOICE: f"may run on control planes too: {why}, and in a drain they need another"
        }

    def stuck_drains(self, drained: Iterable[str]) -> tuple[str, ...]:
        """The nodes of `drained` that no watched pod can leave, as it may run nowhere else."""
        return tuple(name for name in dict.fromkeys(drained) if set(self.usable) == {name})


def read_room(cluster: Cluster) -> Room:
    """The room on the nodes of a cluster; raises as `ask`."""
    return Room.of_nodes(items(cluster, "/api/v1/nodes"), prefix=f"{cluster.name}-")


def _taints_that_keep_out(node: Mapping[str, Any]) -> set[str]:
    """The keys of the taints that keep an ordinary pod away for longer than a moment."""
    spec = node.get("spec") or {}
    taints = spec.get("taints") or ()
    keys = {taint["key"] for taint in taints if taint["effect"] in _KEEPS_OUT}
    lasting = {key for key in keys if not key.startswith(_PASSING)}
    cordoned = spec.get("unschedulable") or _CORDONED in keys
    return lasting | {_CORDONED} if cordoned else lasting
