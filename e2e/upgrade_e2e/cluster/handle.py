"""Cluster and Node: values that name a cluster and give access to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from upgrade_e2e.cluster.api import Api
from upgrade_e2e.command import Runner

__all__ = ["JOINED_LABEL", "Cluster", "Node", "Role"]

JOINED_LABEL = "upgrade-e2e/joined"
"""The label, with the value `true`, of a node that came into the cluster during the pass."""


class Role(StrEnum):
    """What a node is for."""

    CONTROL_PLANE = "control-plane"
    WORKER = "worker"


@dataclass(frozen=True)
class Node:
    """One machine of the cluster.

    `name` is the Kubernetes node name. `runner` runs commands on the node; None where the
    provider has no way in. `joined` is whether it came into the cluster during the pass.
    """

    name: str
    role: Role
    runner: Runner | None = None
    joined: bool = False


@dataclass(eq=False)
class Cluster:
    """A cluster that exists: how to reach it and what it is made of.

    Its nodes grow by those that join; nothing else changes. Each cluster is equal to itself alone.
    """

    name: str
    kubeconfig: Path
    nodes: tuple[Node, ...]

    @cached_property
    def api(self) -> Api:
        """The API client of this kubeconfig."""
        return Api.from_kubeconfig(self.kubeconfig)

    @property
    def control_planes(self) -> tuple[Node, ...]:
        """The control plane nodes, the first one first."""
        return tuple(node for node in self.nodes if node.role is Role.CONTROL_PLANE)

    @property
    def workers(self) -> tuple[Node, ...]:
        """The nodes that are not control planes."""
        return tuple(node for node in self.nodes if node.role is Role.WORKER)

    @property
    def upgraded_workers(self) -> tuple[Node, ...]:
        """The workers that the pass began with: without those that joined in it."""
        return tuple(node for node in self.workers if not node.joined)

    def add(self, node: Node) -> None:
        """From now on `node` is one of the nodes."""
        self.nodes = (*self.nodes, node)

    def node(self, name: str) -> Node:
        """The node with this name; raises KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)
