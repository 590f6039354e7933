"""What one pass left for scenarios to judge: the value of the fixture `upgraded`."""

from __future__ import annotations

from dataclasses import dataclass

from upgrade_e2e.errors import Inconclusive, StepFailed
from upgrade_e2e.judge import Limits, Seen, see
from upgrade_e2e.observers import Observer, label_or_kind
from upgrade_e2e.providers.base import Capabilities
from upgrade_e2e.timeline import Timeline
from upgrade_e2e.upgrade import Inventory, Plan

__all__ = ["Upgraded"]


@dataclass(frozen=True)
class Upgraded:
    """The timeline of a pass, with what was read back at its end.

    `failed_step` is the step that ended the upgrade early, if one did; `inventory` is None when
    the cluster could not be asked what it is made of, with the reason in `inventory_error`.
    """

    timeline: Timeline
    plan: Plan
    limits: Limits
    capabilities: Capabilities
    inventory: Inventory | None = None
    inventory_error: str = ""
    failed_step: StepFailed | None = None
    control_planes: int = 1

    def saw(self, observer: Observer) -> Seen:
        """What `observer` saw; raises Inconclusive when its probers were blind or saw nothing."""
        return see(self.timeline, label_or_kind(observer), self.limits)

    def found(self) -> Inventory:
        """What the cluster was made of at the end; raises Inconclusive when that is not known."""
        if self.inventory is None:
            raise Inconclusive(
                "the cluster could not be asked what it is made of: "
                f"{self.inventory_error or 'the pass ended before'}"
            )
        return self.inventory
