"""What a provider is: the protocol, and its differences as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Protocol

from e2e.cluster import Cluster
from e2e.upgrade import Marks, Path, Plan, Step

__all__ = ["Capabilities", "Provider"]


@dataclass(frozen=True)
class Capabilities:
    """What a provider can and cannot do; scenarios skip, with the reason, on what is missing.

    `faults` are the names of faults that its `plant` steps know. `simulated` marks a rehearsal,
    which is never evidence for a real version.
    """

    name: str
    ha: bool = False
    node_exec: bool = False
    faults: frozenset[str] = frozenset()
    simulated: bool = False


class Provider(Protocol):
    """Makes, upgrades and deletes clusters; one object serves one pass."""

    @property
    def capabilities(self) -> Capabilities:
        """What this provider can do."""

    def plan(self, path: Path) -> Plan:
        """The steps for `path`; touches nothing. Raises BadInput for what cannot work."""

    def create(self, plan: Plan, marks: Marks) -> Cluster:
        """Make the cluster at the path's first version and wait until all nodes are Ready.

        Raises ClusterNotMade, after deleting what was half made (unless told to keep it).
        """

    def perform(self, step: Step, cluster: Cluster) -> None:
        """Do one step of the plan; raises an E2eError when it fails."""

    def collect_logs(self, cluster: Cluster, into: FilePath) -> None:
        """Copy the logs of all nodes into the folder `into`."""

    def delete(self) -> None:
        """Delete everything this provider made; idempotent, bounded in time."""
