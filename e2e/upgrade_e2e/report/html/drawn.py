"""What a page draws of the samples alone: no verdict changes it, so it is made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from upgrade_e2e.judge import Seen, Views
from upgrade_e2e.report.html.observed import streams
from upgrade_e2e.report.html.pack import Packed, pack_samples
from upgrade_e2e.report.html.strips import doubts_of, draw_strips
from upgrade_e2e.report.html.tables import Table

__all__ = ["Drawn"]


@dataclass(frozen=True)
class Drawn:
    """The samples of a pass as a page needs them; each part is made when it is first asked for."""

    views: Views

    @cached_property
    def seen(self) -> Mapping[str, Seen]:
        """The view of each observer, in order of name."""
        return {name: self.views.of(name) for name in self.views.observers}

    @cached_property
    def packed(self) -> Packed:
        """All samples, small enough to travel in a page."""
        samples = {name: self.views.timeline.samples[name] for name in self.seen}
        doubts = {name: doubts_of(samples[name], view) for name, view in self.seen.items()}
        return pack_samples(samples, doubts, self.views.limits.instrument.late_s * 1e6)

    @cached_property
    def strips(self) -> Mapping[str, list[dict[str, Any]]]:
        """For each observer the strips of its streams, as facts for JSON."""
        timeline = self.views.timeline
        nodes = {span.node for span in timeline.spans if span.node}
        return {
            name: draw_strips(timeline.samples[name], view, self.packed.streams[name], nodes)
            for name, view in self.seen.items()
        }

    @cached_property
    def streams(self) -> Table:
        """What each stream saw."""
        return streams(self.seen)
