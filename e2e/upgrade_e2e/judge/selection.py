"""What of an observer's samples is in view: which of its streams, and which time of the pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from upgrade_e2e.errors import BadInput, Inconclusive
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.judge.windows import Windows, widened
from upgrade_e2e.timeline import Connection, Stream

__all__ = ["asked_for", "between", "in_steps", "with_streams", "without_streams"]

_EDGE_S = 1.0
"""Absences count from a second on, so that is how well their ends are known."""
_CONNECTIONS = frozenset(kind.label for kind in Connection)


def asked_for(**words: str) -> dict[str, str]:
    """What is asked of streams: of `stream`, `node`, `target` and `connection` those with words."""
    return {key: value for key, value in words.items() if value}


def with_streams(scope: Scope, asked: Mapping[str, str], title: str) -> Scope:
    """The streams that have all that is asked.

    Raises BadInput for none, and Inconclusive where that is a connection that was not watched.
    """
    tracks = tuple(track for track in scope.tracks if _matches(track.stream, asked))
    connection = asked.get("connection", "")
    if not tracks and connection in _CONNECTIONS and len(asked) == 1:
        raise Inconclusive(f"{title} did not watch over {connection} connections.")
    if not tracks:
        names = ", ".join(track.stream.name for track in scope.tracks) or "none"
        raise BadInput(f"{title} has no stream with {asked}; its streams: {names}.")
    return replace(scope, tracks=tracks)


def without_streams(scope: Scope, asked: Mapping[str, str], title: str) -> Scope:
    """The streams that do not have all that is asked; raises BadInput for none."""
    tracks = tuple(track for track in scope.tracks if not _matches(track.stream, asked))
    if not tracks:
        raise BadInput(f"{title} has no stream but those with {asked}.")
    return replace(scope, tracks=tracks)


def in_steps(scope: Scope, steps: Steps, step: str) -> Scope:
    """The time in the steps and phases of this kind or name; raises BadInput for none."""
    spans = steps.named(step)
    if not spans:
        known = ", ".join(dict.fromkeys(span.kind for span in steps.spans)) or "none"
        raise BadInput(f"the pass has no step {step!r}; its kinds of step: {known}.")
    starts = [round(span.start_s * 1e6) for span in spans]
    ends = [round(span.end_s * 1e6) for span in spans]
    within = scope.within.within(Windows.of(starts, ends))
    return replace(scope, within=within, narrowed=True)


def between(scope: Scope, absences: Windows) -> Scope:
    """The samples that no absence of the API server touches."""
    hidden = widened(absences, _EDGE_S)
    return replace(scope, tracks=tuple(track.without(hidden) for track in scope.tracks))


def _matches(stream: Stream, asked: Mapping[str, str]) -> bool:
    has = {
        "stream": {stream.name, stream.name.partition("@")[0]},
        "node": {stream.node},
        "target": {stream.target},
        "connection": {stream.connection.label},
    }
    return all(
        value in has[key] or (key == "node" and stream.node.endswith(f"-{value}"))
        for key, value in asked.items()
    )
