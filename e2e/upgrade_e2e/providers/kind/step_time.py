"""How long the parts of one step may take."""

from __future__ import annotations

import time
from dataclasses import dataclass

from upgrade_e2e.upgrade import Step

__all__ = ["CHOSEN", "StepTime"]

CHOSEN = "chosen"
"""The parameter of a step whose time the user has chosen."""


@dataclass(frozen=True)
class StepTime:
    """The time of one step, from its start on.

    Its parts have limits of their own, which are usual and never longer than what is left. Where
    the user has chosen the step's time, only what is left counts.
    """

    end: float
    chosen: bool

    @classmethod
    def start(cls, step: Step) -> StepTime:
        """The step begins now."""
        return cls(time.monotonic() + step.timeout_s, CHOSEN in step.params)

    def within(self, usual_s: float) -> float:
        """The seconds that a part may take from now on; one at least."""
        left_s = max(1.0, self.end - time.monotonic())
        return left_s if self.chosen else min(usual_s, left_s)
