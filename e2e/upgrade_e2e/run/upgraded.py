"""What one pass left for scenarios to judge: the value of the fixture `upgraded`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import Inconclusive, StepFailed
from upgrade_e2e.judge import (
    BackupsSeen,
    Limits,
    Seen,
    Views,
    claimable_backups,
    view_of_backups,
)
from upgrade_e2e.judge.taints import taint_sentence, unguarded
from upgrade_e2e.observers import Observer, label_or_kind
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.timeline import Timeline
from upgrade_e2e.upgrade import Inventory

__all__ = ["Upgraded"]


@dataclass(frozen=True)
class Upgraded:
    """The timeline of a pass, with what was read back at its end.

    `path` are the versions, the first one first. `failed_step` is the step that ended the upgrade
    early, if one did; `inventory` is None when the cluster could not be asked what it is made of,
    with the reason in `inventory_error`. `control_planes` and `workers` are both 0 where they are
    not known. `facts` say what kind of cluster it was before the upgrade. `labels` says by which
    name each observer stands in the timeline; without it observers stand there by their own names.
    """

    timeline: Timeline
    path: tuple[str, ...]
    limits: Limits
    capabilities: Capabilities
    inventory: Inventory | None = None
    inventory_error: str = ""
    failed_step: StepFailed | None = None
    control_planes: int = 1
    workers: int = 2
    labels: Mapping[Observer, str] | None = None
    facts: ClusterFacts = field(default_factory=ClusterFacts)

    @cached_property
    def views(self) -> Views:
        """What each observer saw; record and report draw on the same views as scenarios."""
        return Views(self.timeline, self.limits)

    @property
    def nodes(self) -> int:
        """How many nodes the cluster has; 0 where that is not known."""
        return self.control_planes + self.workers

    def saw(self, observer: Observer, *, without: str = "") -> Seen:
        """What `observer` saw; `without` leaves out its streams of one name or kind.

        Raises Inconclusive when the pass did not run it, and when its probers were blind or saw
        nothing. Streams that are left out may have been blind.
        """
        return self.views.claimable(self._label_of(observer), without)

    def backups(self, observer: Observer) -> BackupsSeen:
        """The backups that `observer` took, each judged.

        Raises Inconclusive when the pass did not run it, and when it took none, could not read them
        back, or was itself broken.
        """
        label = self._label_of(observer)
        if broken := self.timeline.samples[label].broken:
            raise Inconclusive(f"{label} was blind: {broken}")
        seen = view_of_backups(self.timeline, label, alone=self.control_planes == 1)
        return claimable_backups(seen, self.limits.instrument)

    def unguarded(self, nodes: Collection[str]) -> tuple[str, ...]:
        """Those of `nodes` that no taint kept pods off until their network was there."""
        return unguarded(self.timeline.spans, nodes)

    def taints(self, nodes: Collection[str]) -> str:
        """The taints that say something of the network of these nodes, when and for how long."""
        return taint_sentence(self.timeline.spans, nodes)

    def found(self) -> Inventory:
        """What the cluster was made of at the end; raises Inconclusive when that is not known."""
        if self.inventory is None:
            raise Inconclusive(
                "the cluster could not be asked what it is made of: "
                f"{self.inventory_error or 'the pass ended before'}"
            )
        return self.inventory

    def _label_of(self, observer: Observer) -> str:
        label = label_or_kind(observer) if self.labels is None else self.labels.get(observer, "")
        if label not in self.timeline.samples:
            raise Inconclusive(
                f"this pass did not run {observer}; add it to @pytest.mark.observes(...) of the "
                "scenario that asks for it, and run the pass again. Where it is there, the cluster "
                "has nothing that it could watch"
            )
        return label
