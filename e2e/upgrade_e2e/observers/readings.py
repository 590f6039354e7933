"""From what probers scraped to readings on the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from upgrade_e2e.observers.clock import ClockOffset
from upgrade_e2e.observers.spool import Segment
from upgrade_e2e.timeline import Readings, Series, Window

__all__ = ["TakesReadings", "to_readings"]

_Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


@runtime_checkable
class TakesReadings(Protocol):
    """A BackgroundTask that reads numbers by itself, such as those that are asked for once."""

    def readings(self, window: Window) -> Readings:
        """What it read, of all that belongs to `window`."""


def to_readings(
    observer: str,
    segments: Iterable[Segment],
    clocks: Mapping[tuple[str, str], ClockOffset],
    window: Window,
) -> Readings:
    """The readings of one observer inside `window`, on the timeline.

    `clocks` is keyed by node and boot id; a segment without a clock cannot be placed and counts
    as not read. The parts of a series from before and after a node's boot become one.
    """
    parts: dict[_Key, list[npt.NDArray[np.void]]] = {}
    zeros: dict[_Key, list[int]] = {}
    for segment in segments:
        clock = clocks.get((segment.node, segment.boot_id))
        for facts in segment.streams if clock is not None else ():
            if facts["observer"] != observer:
                continue
            for key, rows in _by_series(segment, facts):
                parts.setdefault(key, []).append(rows)
                zeros.setdefault(key, []).append(clock.zero_us if clock else 0)
    found = (_placed(key, parts[key], zeros[key]).within(window) for key in parts)
    return Readings(tuple(one for one in found if len(one)))


def _by_series(
    segment: Segment, facts: Mapping[str, Any]
) -> Iterable[tuple[_Key, npt.NDArray[np.void]]]:
    name = f"{facts['observer']}.{facts['name']}"
    rows = segment.readings.get(name)
    if rows is None or not len(rows):
        return
    order = np.argsort(rows["series"], kind="stable")
    rows = rows[order]
    known = segment.series.get(name, ())
    edges = np.searchsorted(rows["series"], np.arange(len(known) + 1))
    for (metric, labels), low, high in zip(known, edges[:-1], edges[1:], strict=True):
        yield (metric, segment.node, facts["name"], tuple(sorted(labels.items()))), rows[low:high]


def _placed(key: _Key, parts: list[npt.NDArray[np.void]], zeros: list[int]) -> Series:
    metric, node, stream, labels = key
    at_us = np.concatenate([rows["at_us"] - zero for rows, zero in zip(parts, zeros, strict=True)])
    value = np.concatenate([rows["value"] for rows in parts])
    order = np.argsort(at_us, kind="stable")
    return Series(
        metric=metric,
        node=node,
        labels=dict(labels),
        at_us=at_us[order].astype(np.int64),
        value=value[order].astype(np.float64),
        stream=stream,
    )
