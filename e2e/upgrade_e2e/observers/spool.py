"""Spools: fetched from probers and brought onto the timeline. agent/layout.py has the format."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from upgrade_e2e.agent.layout import FIELDS, FORMAT, READING_FIELDS
from upgrade_e2e.cluster import retry_api
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.observers.clock import ClockOffset
from upgrade_e2e.observers.link import Link, get_json
from upgrade_e2e.timeline import Connection, Outcome, Samples, SamplesBuilder, Stream, Window

__all__ = ["READING", "RECORD", "Segment", "fetch_segments", "read_segment", "to_samples"]

RECORD = np.dtype([(name, np.dtype(kind).newbyteorder("<")) for name, kind in FIELDS.items()])
"""A record of the agent's spool, as numpy reads it."""
READING = np.dtype(
    [(name, np.dtype(kind).newbyteorder("<")) for name, kind in READING_FIELDS.items()]
)
"""A reading of the agent's spool, as numpy reads it."""


@dataclass(frozen=True)
class Segment:
    """What one prober saw in one boot of its machine."""

    node: str
    boot_id: str
    streams: tuple[Mapping[str, Any], ...]
    outcomes: tuple[str, ...]
    backends: tuple[str, ...]
    records: Mapping[str, npt.NDArray[np.void]]
    """By OBSERVER.NAME, on the prober's own clock."""
    series: Mapping[str, tuple[tuple[str, Mapping[str, str]], ...]] = field(default_factory=dict)
    """The series of a scrape by OBSERVER.NAME: metric and labels, in the order of their numbers."""
    readings: Mapping[str, npt.NDArray[np.void]] = field(default_factory=dict)
    """Their values, by OBSERVER.NAME, on the prober's own clock."""


def fetch_segments(link: Link, within_s: float = 60.0) -> tuple[Segment, ...]:
    """Everything that a prober has kept; retried while the API server is away."""
    sizes: dict[str, int] = retry_api(lambda: get_json(link, "/spool"), within_s)
    files = {name: _fetch(link, name, size, within_s) for name, size in sizes.items()}
    boots = sorted({name.partition("/")[0] for name in files})
    return tuple(
        read_segment(
            link.node,
            {
                name.removeprefix(f"{boot}/"): data
                for name, data in files.items()
                if name.startswith(f"{boot}/")
            },
        )
        for boot in boots
        if f"{boot}/meta.json" in files
    )


def _fetch(link: Link, name: str, size: int, within_s: float) -> bytes:
    data = b""
    while len(data) < size:
        query = (("from", str(len(data))),)
        ask = functools.partial(link.request, "GET", f"/spool/{name}", query)
        chunk = retry_api(ask, within_s)
        if not chunk:
            break
        data += chunk
    return data


def read_segment(node: str, files: Mapping[str, bytes]) -> Segment:
    """Read the files of one boot; raises DamagedRecord for another format."""
    meta = json.loads(files["meta.json"])
    if meta.get("format") != FORMAT:
        raise DamagedRecord(
            f"the spool of {node} has format {meta.get('format')!r}, this version reads {FORMAT}; "
            "run the pass with one version of upgrade-e2e."
        )
    backends = files.get("backends.txt", b"\n").decode().split("\n")[:-1]
    return Segment(
        node=node,
        boot_id=meta["boot_id"],
        streams=tuple(meta["streams"]),
        outcomes=tuple(meta["outcomes"]),
        backends=tuple(backends),
        records=_rows(files, ".rec", RECORD),
        series={
            name.removesuffix(".series"): _series(data)
            for name, data in files.items()
            if name.endswith(".series")
        },
        readings=_rows(files, ".readings", READING),
    )


def _rows(
    files: Mapping[str, bytes], suffix: str, kind: np.dtype[np.void]
) -> dict[str, npt.NDArray[np.void]]:
    """The whole rows of all files that end like this, by what their names begin with."""
    return {
        name.removesuffix(suffix): np.frombuffer(
            data[: len(data) // kind.itemsize * kind.itemsize], kind
        )
        for name, data in files.items()
        if name.endswith(suffix)
    }


def _series(data: bytes) -> tuple[tuple[str, Mapping[str, str]], ...]:
    lines = data.decode().split("\n")[:-1]
    return tuple((metric, labels) for metric, labels in map(json.loads, lines))


def to_samples(
    observer: str,
    segments: Iterable[Segment],
    clocks: Mapping[tuple[str, str], ClockOffset],
    *,
    window: Window,
    builder: SamplesBuilder,
) -> Samples:
    """The samples of one observer inside `window`, on the timeline.

    `clocks` is keyed by node and boot id; a segment without a clock cannot be placed and counts
    as not seen.
    """
    indices: dict[str, int] = {}
    for segment in segments:
        clock = clocks.get((segment.node, segment.boot_id))
        for facts in segment.streams:
            if facts["observer"] != observer:
                continue
            stream = _stream(facts, segment.node, clock.error_s if clock else 0.0)
            if stream.name not in indices:
                indices[stream.name] = builder.add_stream(stream)
            if clock is not None:
                records = segment.records.get(f"{observer}.{facts['name']}")
                if records is not None:
                    placed = _columns(builder, segment, records, clock.zero_us, window)
                    builder.add_columns(indices[stream.name], placed)
    return builder.build()


def _stream(facts: Mapping[str, Any], node: str, clock_error_s: float) -> Stream:
    return Stream(
        name=f"{facts['name']}@{node}",
        node=node,
        target=facts.get("target", ""),
        interval_s=facts["interval_s"],
        timeout_s=facts["timeout_s"],
        connection=Connection[facts["connection"].upper()],
        clock_error_s=clock_error_s,
    )


def _columns(
    builder: SamplesBuilder,
    segment: Segment,
    records: npt.NDArray[np.void],
    zero_us: int,
    window: Window,
) -> dict[str, npt.ArrayLike]:
    intended_us = records["intended_us"] - zero_us
    inside = (intended_us >= window.start_s * 1e6) & (intended_us <= window.end_s * 1e6)
    seen = records[inside]
    outcomes = np.array([Outcome.from_label(label) for label in segment.outcomes], np.uint8)
    backends = np.array([builder.backend(name) for name in segment.backends], np.uint16)
    return {
        "intended_us": intended_us[inside],
        "lateness_us": seen["lateness_us"],
        "latency_us": seen["latency_us"],
        "outcome": outcomes[seen["outcome"]],
        "code": seen["code"],
        "backend": backends[seen["backend"]],
    }
