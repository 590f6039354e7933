"""The strips of the timeline: a stream of probes each, with its blind windows and doubts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge import Seen
from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.report.html.pack import Doubts
from upgrade_e2e.timeline import Outcome, Samples, Stream

__all__ = ["doubts_of", "draw_strips"]

_DOUBTFUL = (Evidence.SUSPECT, Evidence.MASKED)


def doubts_of(samples: Samples, seen: Seen) -> Doubts:
    """For each sample why it does not count, 0 where it does."""
    doubts = np.zeros(len(samples), np.uint8)
    sent_us = samples.intended_us + samples.lateness_us
    for number, stream in enumerate(samples.streams):
        for track in seen.scope.tracks:
            if track.stream.name != stream.name:
                continue
            for kind in _DOUBTFUL:
                when = track.sent_us[track.evidence == kind]
                if len(when):
                    alike = np.isin(sent_us, when) & (samples.stream == number)
                    doubts[alike & _can_be(kind, samples)] = kind
    return doubts


def _can_be(kind: Evidence, samples: Samples) -> npt.NDArray[np.bool_]:
    if kind is Evidence.SUSPECT:
        return np.equal(samples.outcome, Outcome.TIMEOUT)
    return np.not_equal(samples.outcome, Outcome.NOT_SENT)


def draw_strips(
    samples: Samples, seen: Seen, packed: Sequence[Mapping[str, Any]], nodes: Collection[str]
) -> list[dict[str, Any]]:
    """A strip for each stream: what it is, when it was blind, where its samples are packed."""
    tracks = {track.stream.name: track for track in seen.scope.tracks}
    return [
        {
            **_stream(stream),
            "label": _label(stream, nodes),
            "blind_us": _blind(tracks.get(stream.name)),
            **where,
        }
        for stream, where in zip(samples.streams, packed, strict=True)
    ]


def _label(stream: Stream, nodes: Collection[str]) -> str:
    """The stream's name with the node as steps call it: `new@worker2`, without the cluster's."""
    known = [node for node in nodes if stream.node.endswith(f"-{node}")]
    return stream.name.replace(stream.node, max(known, key=len)) if known else stream.name


def _stream(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "node": stream.node,
        "target": stream.target,
        "interval_s": stream.interval_s,
        "timeout_s": stream.timeout_s,
        "connection": stream.connection.label,
        "clock_error_s": stream.clock_error_s,
    }


def _blind(track: Track | None) -> list[int]:
    """Start and length of each window in turn, each start counted from the end before it."""
    if track is None or not len(track.blind):
        return []
    edges = np.column_stack([track.blind.start_us, track.blind.end_us]).ravel()
    return [int(step) for step in np.diff(edges, prepend=0)]
