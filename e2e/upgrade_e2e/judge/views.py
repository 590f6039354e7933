"""What every observer of a pass saw, each looked at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from upgrade_e2e.judge.limits import Limits
from upgrade_e2e.judge.see import claimable, look
from upgrade_e2e.judge.seen import Seen
from upgrade_e2e.timeline import Timeline

__all__ = ["Views"]


@dataclass(frozen=True)
class Views:
    """The views of one timeline, held to one set of limits.

    Scenarios, the record and the report of a pass share one such value, so that the samples of an
    observer are weighed once, however many ask. Observers are named as in `timeline.samples`.
    """

    timeline: Timeline
    limits: Limits
    _looked: dict[str, Seen] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def observers(self) -> tuple[str, ...]:
        """The observers of the pass, in order of name."""
        return tuple(sorted(self.timeline.samples))

    def of(self, observer: str) -> Seen:
        """What an observer saw, however little; raises Inconclusive if the pass has none of it."""
        if observer not in self._looked:
            self._looked[observer] = look(self.timeline, observer, self.limits)
        return self._looked[observer]

    def claimable(self, observer: str) -> Seen:
        """What an observer saw, for claims; raises Inconclusive as `of`, or if it was blind."""
        return claimable(self.of(observer), self.limits.instrument)
