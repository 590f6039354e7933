"""Which readings a view of an observer has."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Readings, Series, Stream

__all__ = ["readings_in"]


def readings_in(readings: Readings, scope: Scope) -> Readings:
    """The readings of the nodes and streams in scope, of the time in scope; both ends included.

    What belongs to no node is always there, and what no prober read wherever its node is.
    """
    streams = [track.stream for track in scope.tracks]
    mine = (one for one in readings.series if _is_of(one, streams))
    cut = (_within(one, scope.within) for one in mine)
    return Readings(tuple(one for one in cut if len(one)))


def _is_of(series: Series, streams: Iterable[Stream]) -> bool:
    if series.stream:
        return any(s.name == f"{series.stream}@{series.node}" for s in streams)
    return not series.node or any(stream.node == series.node for stream in streams)


def _within(series: Series, within: Windows) -> Series:
    """What came in that time; the windows are half-open, and a reading may come at their end."""
    inside = within.contains(series.at_us) | within.contains(series.at_us - 1)
    if inside.all():
        return series
    return Series(
        metric=series.metric,
        node=series.node,
        labels=series.labels,
        at_us=series.at_us[inside],
        value=series.value[inside],
        stream=series.stream,
    )
