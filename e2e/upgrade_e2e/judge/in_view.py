"""What of one observer's samples and readings is in view, and how the view is narrowed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.readings_seen import readings_in
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.selection import asked_for, between, in_steps, with_streams, without_streams
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Readings, Stream

__all__ = ["InView"]


@dataclass(frozen=True, eq=False, repr=False)
class InView:
    """Streams and readings of one observer; `only`, `on` and `during` narrow what is in view.

    It has no figures of its own: see Seen for those of samples. `api_away` is when the API server
    gave no answer (see api_downtime.py). `read` are all readings of the observer; claims ask for
    `readings`, which are those in view.
    """

    title: str
    scope: Scope
    steps: Steps
    api_away: Windows = field(default_factory=Windows.none)
    read: Readings = field(default_factory=Readings)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams in view."""
        return tuple(track.stream for track in self.scope.tracks)

    def only(
        self, *, stream: str = "", node: str = "", target: str = "", connection: str = ""
    ) -> Self:
        """The streams with this name, node, target and connection; raises BadInput for none.

        A kind of connection that was not watched is Inconclusive: older passes have fewer. `stream`
        is a whole name (`new@e2e-worker2`) or its kind (`new`: on all nodes), `node` a
        name with or without the cluster's (`worker2`).
        """
        asked = asked_for(stream=stream, node=node, target=target, connection=connection)
        scope = with_streams(self.scope, asked, self.title)
        return replace(self, title=" ".join([self.title, *asked.values()]), scope=scope)

    def without(self, *, stream: str = "", connection: str = "") -> Self:
        """The streams that do not have this name, or kind, or connection; BadInput if none is left.

        A stream is left out when it has all that is asked.
        """
        asked = asked_for(stream=stream, connection=connection)
        scope = without_streams(self.scope, asked, self.title)
        return replace(self, title=f"{self.title} without {' '.join(asked.values())}", scope=scope)

    def on(self, node: str) -> Self:
        """What probers on this node saw; raises BadInput when there was none."""
        return self.only(node=node)

    def between_absences(self) -> Self:
        """What was seen while the API server answered: without its absences of a second or more.

        A probe whose wait reaches into an absence, or comes within a second of one, does not count.
        """
        scope = between(self.scope, self.api_away)
        return replace(self, title=f"{self.title} between absences of the API", scope=scope)

    def during(self, step: str) -> Self:
        """What was seen in the steps and phases of this kind or name; raises BadInput for none."""
        scope = in_steps(self.scope, self.steps, step)
        return replace(self, title=f"{self.title} during {step}", scope=scope)

    def by_node(self) -> dict[str, Self]:
        """The view of each node."""
        nodes = sorted({track.stream.node for track in self.scope.tracks})
        return {node: self.only(node=node) for node in nodes}

    def by_stream(self) -> dict[str, Self]:
        """The view of each stream."""
        names = [track.stream.name for track in self.scope.tracks]
        return {name: self.only(stream=name) for name in names}

    @cached_property
    def readings(self) -> Readings:
        """The numbers that were read, of the nodes and streams in view and the time in scope.

        Figures of them: see reading_figures.py. Raises Inconclusive when nothing was read.
        """
        found = readings_in(self.read, self.scope)
        if not found.series:
            raise Inconclusive(
                f"{self.title} read no numbers; the log says why its probers were not deployed or "
                "not collected."
            )
        return found
