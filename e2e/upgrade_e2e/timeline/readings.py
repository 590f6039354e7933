"""Readings: numbers that programs publish about themselves, such as the size of a database."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.files import write_whole

if TYPE_CHECKING:
    from upgrade_e2e.timeline.timeline import Window

__all__ = ["Readings", "Series"]

SCHEMA_VERSION = 1
_COLUMNS: Mapping[str, np.dtype[Any]] = {
    "series": np.dtype(np.uint32),
    "at_us": np.dtype(np.int64),
    "value": np.dtype(np.float64),
}


@dataclass(frozen=True, eq=False)
class Series:
    """The values of one metric of one program with one set of labels, in the order of time.

    `node` is where it was read; empty for what belongs to no node. `at_us` is when each value had
    come, in microseconds since the origin of the pass. `stream` is the name of the stream that read
    it, without its node; empty for what was not read by a prober.
    """

    metric: str
    node: str
    labels: Mapping[str, str]
    at_us: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    stream: str = ""

    def __len__(self) -> int:
        return len(self.at_us)

    def within(self, window: Window) -> Series:
        """The values that came inside `window`, both ends included."""
        inside = (self.at_us >= window.start_s * 1e6) & (self.at_us <= window.end_s * 1e6)
        return Series(
            metric=self.metric,
            node=self.node,
            labels=self.labels,
            at_us=self.at_us[inside],
            value=self.value[inside],
            stream=self.stream,
        )


@dataclass(frozen=True, eq=False)
class Readings:
    """All series of one observer, in no particular order."""

    series: tuple[Series, ...] = field(default=())

    def __len__(self) -> int:
        """How many values there are."""
        return sum(len(one) for one in self.series)

    def of(self, metric: str, *, node: str = "", **labels: str) -> tuple[Series, ...]:
        """The series of this metric, on this node (by default on all), that have these labels.

        `node` is a name with or without the cluster's (`worker2`). Of a histogram, `metric` is the
        name of its buckets.
        """
        return tuple(
            one
            for one in self.series
            if one.metric == metric
            and (not node or one.node == node or one.node.endswith(f"-{node}"))
            and all(one.labels.get(name) == value for name, value in labels.items())
        )

    def save(self, path: Path) -> None:
        """Write to `path` (npz, see docs/artifacts.md); the file is complete or absent.

        Raises BadInput when the place cannot be written to.
        """
        names = [[one.metric, one.node, one.stream, dict(one.labels)] for one in self.series]
        meta = {"schema": SCHEMA_VERSION, "series": names}
        lengths = [len(one) for one in self.series]
        columns: dict[str, Any] = {
            "series": np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths),
            "at_us": np.concatenate([np.empty(0, np.int64), *(s.at_us for s in self.series)]),
            "value": np.concatenate([np.empty(0, np.float64), *(s.value for s in self.series)]),
        }
        packed = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        archive = io.BytesIO()
        np.savez_compressed(archive, meta=packed, **columns)
        write_whole(archive.getvalue(), path)

    @classmethod
    def load(cls, path: Path) -> Readings:
        """Read what `save` wrote; raises DamagedRecord when it is incomplete or not from us."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                meta = json.loads(stored["meta"].tobytes())
                columns: dict[str, Any] = {
                    name: stored[name].astype(kind, casting="equiv")
                    for name, kind in _COLUMNS.items()
                }
        except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
            raise DamagedRecord(
                f"{path} is not a whole file of readings ({type(error).__name__}: {error}); "
                "run the pass again or restore the file."
            ) from error
        return cls(tuple(_assemble(path, meta, columns)))


def _assemble(path: Path, meta: Any, columns: dict[str, Any]) -> list[Series]:
    if meta.get("schema") != SCHEMA_VERSION:
        raise DamagedRecord(
            f"{path} has readings of schema {meta.get('schema')!r}, this version reads "
            f"{SCHEMA_VERSION}; read it with the version of upgrade-e2e that wrote it."
        )
    if len({len(column) for column in columns.values()}) != 1:
        raise DamagedRecord(f"{path} has columns of different lengths; run the pass again.")
    number = columns["series"]
    order = np.lexsort((columns["at_us"], number))
    number, at_us, value = number[order], columns["at_us"][order], columns["value"][order]
    edges = np.searchsorted(number, np.arange(len(meta["series"]) + 1))
    return [
        Series(metric, node, labels, at_us[low:high], value[low:high], stream)
        for (metric, node, stream, labels), low, high in zip(
            meta["series"], edges[:-1], edges[1:], strict=True
        )
    ]
