"""What the user chose for a simulated cluster, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from upgrade_e2e.providers.sim.durations import Durations
from upgrade_e2e.providers.sim.nodes import nodes_of
from upgrade_e2e.version import KubeVersion

__all__ = ["KNOWN_VERSIONS", "SimSettings"]

KNOWN_VERSIONS = tuple(
    KubeVersion.parse(text)
    for text in ("v1.31.14", "v1.32.13", "v1.33.13", "v1.34.4", "v1.35.4", "v1.36.3", "v1.37.2")
)
"""What a bare minor may mean: a simulated cluster can look like any release."""


@dataclass(frozen=True)
class SimSettings:
    """How the cluster is made and upgraded. Raises BadInput for what cannot work.

    `workdir` takes the kubeconfig, the simulator's files and the logs. `drain_timeout_s` is how
    long a pod that may not be evicted holds up a drain, at the pace of the cluster.
    """

    workdir: Path
    control_planes: int = 1
    workers: int = 2
    cluster_name: str = "sim"
    port: int = 0
    durations: Durations = field(default_factory=Durations)
    drain_timeout_s: float = 600.0

    def __post_init__(self) -> None:
        nodes_of(self.cluster_name, self.control_planes, self.workers)
