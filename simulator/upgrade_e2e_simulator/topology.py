"""What the simulated cluster is made of, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from upgrade_e2e_simulator.errors import BadInput
from upgrade_e2e_simulator.version import KubeVersion

__all__ = ["NodeSpec", "Role", "Topology", "node_specs"]


class Role(StrEnum):
    """What a node is for."""

    CONTROL_PLANE = "control-plane"
    WORKER = "worker"


@dataclass(frozen=True)
class NodeSpec:
    """A node to be: its name and what it is for."""

    name: str
    role: Role


@dataclass(frozen=True)
class Topology:
    """A cluster to be. `port` is where the API is published on 127.0.0.1; 0 for any free one."""

    name: str
    version: KubeVersion
    nodes: tuple[NodeSpec, ...]
    folder: Path
    port: int = 0


def node_specs(cluster: str, workers: int) -> tuple[NodeSpec, ...]:
    """One control plane and workers, with kind's names: `e2e-control-plane`, `e2e-worker2`."""
    if workers < 1:
        raise BadInput("a simulated cluster needs one worker at least, or a drain goes nowhere.")
    names = ["worker", *(f"worker{number}" for number in range(2, workers + 1))]
    return (
        NodeSpec(f"{cluster}-control-plane", Role.CONTROL_PLANE),
        *(NodeSpec(f"{cluster}-{name}", Role.WORKER) for name in names[:workers]),
    )
