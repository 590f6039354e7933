"""What is left out of a claim because the API server was away, as figures and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from upgrade_e2e.format import duration
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.windows import Windows

__all__ = ["LeftOut", "cost_sentence"]


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The time left out of the streams in scope; `away` is when the API server gave no answer.

    A node is without news while the API server is away and until its kubelet has heard from it
    again (see news.py). Streams that follow no events, or have no reference, leave nothing out.
    """

    scope: Scope
    away: Windows

    @cached_property
    def by_node(self) -> Mapping[str, Windows]:
        """The time that is left out, by node: of any of its streams."""
        masked: dict[str, list[Windows]] = {}
        for track in self.scope.tracks:
            masked.setdefault(track.stream.node, []).append(track.masked)
        return self._by_node({node: Windows.union(parts) for node, parts in masked.items()})

    @cached_property
    def without_news(self) -> Mapping[str, Windows]:
        """When each node on which events were followed was without news."""
        return self._by_node(
            {
                track.stream.node: track.without_news
                for track in self.scope.tracks
                if track.without_news is not None
            }
        )

    def _by_node(self, windows: Mapping[str, Windows]) -> Mapping[str, Windows]:
        return {node: windows[node].within(self.scope.within) for node in sorted(windows)}

    @property
    def longest_s(self) -> float:
        """The time that is left out on the node that loses most."""
        return max((part.total_us for part in self.by_node.values()), default=0) / 1e6

    @property
    def longest_without_news_s(self) -> float:
        """The longest time in which one node was without news, the absence itself included."""
        return max((longest_s(part) for part in self.without_news.values()), default=0.0)

    @property
    def away_s(self) -> float:
        """How long the API server was away, in all."""
        return self._away.total_us / 1e6

    @property
    def longest_away_s(self) -> float:
        """How long it was away at a time, at most."""
        return longest_s(self._away)

    @cached_property
    def _away(self) -> Windows:
        return self.away.within(self.scope.within)

    def __str__(self) -> str:
        """In a sentence, without its full stop."""
        without_s = self.longest_without_news_s if self.without_news else None
        cost = cost_sentence(self.away_s, self.longest_away_s, without_s)
        return f"left out: up to {duration(self.longest_s)} of a node ({cost})"


def longest_s(windows: Windows) -> float:
    """The longest stretch, in seconds; 0 for none."""
    return int((windows.end_us - windows.start_us).max(initial=0)) / 1e6


def cost_sentence(away_s: float, longest_away_s: float, without_news_s: float | None) -> str:
    """What the absences of the API server cost; None where no node shows when it had news."""
    if not away_s:
        return "API never away for a second or more"
    said = f"API away {duration(away_s)} in all, longest {duration(longest_away_s)}"
    if without_news_s is None:
        return said
    return f"{said}; nodes without news up to {duration(without_news_s)}"
