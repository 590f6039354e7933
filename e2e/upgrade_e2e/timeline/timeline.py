"""All that was observed in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upgrade_e2e.timeline.backups import BackupLog
from upgrade_e2e.timeline.readings import Readings
from upgrade_e2e.timeline.samples import Samples
from upgrade_e2e.timeline.span import Span

__all__ = ["Timeline", "Window"]


@dataclass(frozen=True)
class Window:
    """A part of the timeline, both ends in seconds since the origin."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it is; never negative."""
        return max(0.0, self.end_s - self.start_s)


@dataclass(frozen=True)
class Timeline:
    """Spans, samples and readings of one pass on one clock.

    `watched` is the window that claims are made about: from the moment that all probers were
    ready to the moment that they were stopped. `samples`, `readings` and `backups` are keyed by
    observer name; only observers that read numbers have readings, and only those that take
    snapshots have `backups`, which say what they did.
    """

    watched: Window
    spans: tuple[Span, ...] = ()
    samples: Mapping[str, Samples] = field(default_factory=dict)
    readings: Mapping[str, Readings] = field(default_factory=dict)
    backups: Mapping[str, BackupLog] = field(default_factory=dict)
