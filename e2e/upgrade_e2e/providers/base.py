"""What a provider is: the protocol, and its differences as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.upgrade import Inventory, Marks, Path, Plan, Step

__all__ = ["Capabilities", "Provider"]


@dataclass(frozen=True)
class Capabilities:
    """What a provider can and cannot do; scenarios skip, with the reason, on what is missing.

    `simulated` marks a rehearsal, which is never evidence for a real version. `tools` maps a tool's
    name to the command that prints its version, for the record. `pace` is how many times faster
    than in a real cluster the upgrade and the times that pods name go by; observers with a rhythm
    of their own keep step.
    """

    name: str
    simulated: bool = False
    pace: float = 1.0
    tools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Provider(Protocol):
    """Makes, upgrades and deletes clusters; one object serves one pass."""

    @property
    def capabilities(self) -> Capabilities:
        """What this provider can do."""

    def plan(self, path: Path) -> Plan:
        """The steps for `path`; touches nothing. Raises BadInput for what cannot work."""

    def create(self, plan: Plan, marks: Marks) -> Cluster:
        """Make the cluster at the path's first version and wait until all nodes are Ready.

        Raises ClusterNotMade, after deleting what was half made (unless it is to be kept).
        """

    def perform(self, step: Step, cluster: Cluster) -> None:
        """Do one step of the plan; raises an E2eError when it fails.

        Every provider also knows the step `export-logs` (not part of a plan), which copies the
        logs of all nodes into the folder `params["into"]`, and steps `plant` for those faults of
        the catalogue that act on nodes and name this provider (`params["fault"]` and `["value"]`).
        """

    def inspect(self, plan: Plan, cluster: Cluster) -> Inventory:
        """Read back what the cluster is made of now, against the plan's last version."""

    def close(self, *, keep: bool = False) -> None:
        """Delete everything that this provider made; idempotent, bounded in time.

        With `keep` the cluster goes to the user: from now on nothing of ours deletes it. Raises an
        E2eError for what could not be deleted.
        """
