"""Freezing the container runtime of a node, or the whole node, for a time."""

from __future__ import annotations

import time

from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.freezer import stop_runtime, thaw_runtime

__all__ = ["freeze_runtime", "frozen_node", "pause_node"]


def frozen_node(cluster: Cluster, short: str) -> Node:
    """The node that a fault names; without a name the first worker, or the first node at all."""
    return node_of(cluster, short) if short else (*cluster.workers, *cluster.nodes)[0]


def freeze_runtime(node: Node, duration_s: float) -> None:
    """Stop containerd, and let it go on after that time, also when this is interrupted.

    Containers that run go on running: only nothing new can be started, ended or looked at.
    """
    runner = runner_of(node)
    try:
        stop_runtime(runner)
        time.sleep(duration_s)
    finally:
        thaw_runtime(runner)


def pause_node(docker: Docker, node: Node, duration_s: float) -> None:
    """Pause everything on a node, and let it go on after that time, also when interrupted."""
    try:
        docker.pause(node.name)
        time.sleep(duration_s)
    finally:
        docker.unpause(node.name)
