"""What it costs this topology that its API server goes away: part of the record of a pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from upgrade_e2e.format import duration
from upgrade_e2e.judge import Seen, Views, cost_sentence
from upgrade_e2e.observers import HOST
from upgrade_e2e.timeline import Window

__all__ = ["ApiCost", "api_cost_of"]


@dataclass(frozen=True)
class ApiCost:
    """How long the API server was away, and for how long nodes had no news from it.

    `away` are the absences of a second or more, `away_s` and `longest_away_s` their length in all
    and the longest, `times` how many there were. `without_news` is, by node, when it had no news:
    an absence and the time until the node's kubelet was seen to have heard again.
    `longest_without_news_s` is the longest such stretch of each node, `left_out_s` how much of the
    watched window claims about its pods leave out. A node on which no pods came and went is not
    among them. Of the events of such pods, `events_left_out` are left out and `events_left` remain.
    """

    away_s: float
    longest_away_s: float
    times: int
    longest_without_news_s: Mapping[str, float] = field(default_factory=dict)
    left_out_s: Mapping[str, float] = field(default_factory=dict)
    events_left_out: int = 0
    events_left: int = 0
    away: tuple[Window, ...] = ()
    without_news: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        """In one line: `API away 124 s in all, longest 68 s; nodes without news up to 94 s`."""
        without_s = max(self.longest_without_news_s.values(), default=None)
        return cost_sentence(self.away_s, self.longest_away_s, without_s)

    @property
    def left_out_line(self) -> str:
        """What claims about pods leave out, in one line; empty for nothing."""
        if not self.events_left_out:
            return ""
        all_events = self.events_left_out + self.events_left
        return (
            f"up to {duration(max(self.left_out_s.values()))} of a node; {self.events_left} of "
            f"{all_events} events remain"
        )


def api_cost_of(views: Views) -> ApiCost | None:
    """The cost that a pass shows; None where no observer asked the API server."""
    if not views.asked_api:
        return None
    seen = [views.of(observer) for observer in views.observers]
    by_node: dict[str, Seen] = {}
    for view in seen:
        for node, events in _followed(view):
            by_node[node] = max(by_node.get(node, events), events, key=_how_many)
    return ApiCost(
        away_s=seen[0].api_away_s,
        longest_away_s=seen[0].longest_api_away_s,
        times=len(seen[0].api_away),
        longest_without_news_s={n: one.longest_without_news_s for n, one in by_node.items()},
        left_out_s={node: one.left_out_s for node, one in by_node.items()},
        events_left_out=sum(one.masked for one in by_node.values()),
        events_left=sum(one.count for one in by_node.values()),
        away=seen[0].api_away.as_tuple(),
        without_news={n: one.left_out.without_news[n].as_tuple() for n, one in by_node.items()},
    )


def _followed(seen: Seen) -> Iterator[tuple[str, Seen]]:
    """The nodes on which this observer follows events, with the view of these events."""
    tracks = tuple(track for track in seen.scope.tracks if track.without_news is not None)
    events = replace(seen, scope=replace(seen.scope, tracks=tracks))
    for node in seen.left_out.without_news:
        if node != HOST:
            yield node, events.on(node)


def _how_many(events: Seen) -> int:
    """Who follows more events on a node knows better when it had news."""
    return events.count + events.masked
