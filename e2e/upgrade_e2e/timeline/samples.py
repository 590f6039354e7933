"""Samples: what one observer saw, kept as columns so that millions of them fit and stay fast."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from upgrade_e2e.agent.layout import SAMPLE_FIELDS
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.files import write_whole
from upgrade_e2e.timeline.outcome import Connection, Outcome

__all__ = ["SAMPLE_COLUMNS", "Samples", "SamplesBuilder", "Stream"]

SCHEMA_VERSION = 1
SAMPLE_COLUMNS: Mapping[str, np.dtype[Any]] = {
    "stream": np.dtype(np.uint16),
    **{name: np.dtype(kind) for name, kind in SAMPLE_FIELDS.items()},
}
"""The columns of samples: the stream, and the fields of the agent's records."""


@dataclass(frozen=True)
class Stream:
    """One series of probes: one prober asking one target in one way at a fixed rate.

    `name` is unique within its observer (`new@e2e-worker2`); `node` is where the prober ran
    (`host` for outside of the cluster). `interval_s` is 0 for series that follow events instead
    of a clock. `clock_error_s` is the uncertainty of the prober's clock against the timeline.
    """

    name: str
    node: str
    target: str
    interval_s: float
    timeout_s: float
    connection: Connection = Connection.NONE
    clock_error_s: float = 0.0


@dataclass(frozen=True)
class Samples:
    """The samples of one observer: equally long columns, sorted by stream, then intended time.

    stream       uint16  index into `streams`
    intended_us  int64   when the probe was meant to be sent, since the pass's origin
    lateness_us  uint32  how much later it was really sent
    latency_us   uint32  from the *intended* time to the end of the answer (or to giving up)
    outcome      uint8   an Outcome
    code         uint16  HTTP status, DNS response code or query count; 0 when there is none
    backend      uint16  index into `backends`; `backends[0]` is "" for unknown

    `broken` says what ended the observer before it was stopped; empty when nothing did.
    """

    streams: tuple[Stream, ...]
    backends: tuple[str, ...]
    stream: npt.NDArray[np.uint16]
    intended_us: npt.NDArray[np.int64]
    lateness_us: npt.NDArray[np.uint32]
    latency_us: npt.NDArray[np.uint32]
    outcome: npt.NDArray[np.uint8]
    code: npt.NDArray[np.uint16]
    backend: npt.NDArray[np.uint16]
    broken: str = ""

    def __len__(self) -> int:
        return len(self.intended_us)

    @classmethod
    def empty(cls, streams: Iterable[Stream] = ()) -> Samples:
        """Streams of which nothing was seen."""
        columns: dict[str, Any] = {name: np.empty(0, kind) for name, kind in SAMPLE_COLUMNS.items()}
        return cls(streams=tuple(streams), backends=("",), **columns)

    @property
    def done_s(self) -> npt.NDArray[np.float64]:
        """When each probe had its answer or gave up, in seconds since the origin."""
        return (self.intended_us + self.latency_us.astype(np.int64)) / 1e6

    def where(self, mask: npt.NDArray[np.bool_]) -> Samples:
        """The samples at which `mask` holds, with the same streams and backends."""
        columns: dict[str, Any] = {name: getattr(self, name)[mask] for name in SAMPLE_COLUMNS}
        return dataclasses.replace(self, **columns)

    def of_stream(self, name: str) -> Samples:
        """The samples of one stream; raises KeyError for a stream that does not exist."""
        for index, stream in enumerate(self.streams):
            if stream.name == name:
                return self.where(self.stream == index)
        raise KeyError(name)

    def save(self, path: Path) -> None:
        """Write to `path` (npz, see docs/artifacts.md); the file is complete or absent.

        Raises BadInput when the place cannot be written to.
        """
        meta = {
            "schema": SCHEMA_VERSION,
            "streams": [dataclasses.asdict(stream) for stream in self.streams],
            "backends": self.backends,
            "broken": self.broken,
            "outcomes": {int(outcome): outcome.label for outcome in Outcome},
        }
        packed = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        columns: dict[str, Any] = {name: getattr(self, name) for name in SAMPLE_COLUMNS}
        archive = io.BytesIO()
        np.savez_compressed(archive, meta=packed, **columns)
        write_whole(archive.getvalue(), path)

    @classmethod
    def load(cls, path: Path) -> Samples:
        """Read what `save` wrote; raises DamagedRecord when it is incomplete or not from us."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                meta = json.loads(stored["meta"].tobytes())
                columns: dict[str, Any] = {
                    name: stored[name].astype(kind, casting="equiv")
                    for name, kind in SAMPLE_COLUMNS.items()
                }
        except (OSError, EOFError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
            raise DamagedRecord(
                f"{path} is not a whole sample file ({type(error).__name__}: {error}); "
                "run the pass again or restore the file."
            ) from error
        return _assemble(path, meta, columns)


def _assemble(path: Path, meta: Any, columns: dict[str, Any]) -> Samples:
    if meta.get("schema") != SCHEMA_VERSION:
        raise DamagedRecord(
            f"{path} has sample schema {meta.get('schema')!r}, this version reads "
            f"{SCHEMA_VERSION}; read it with the version of upgrade-e2e that wrote it."
        )
    if len({len(column) for column in columns.values()}) != 1:
        raise DamagedRecord(f"{path} has columns of different lengths; run the pass again.")
    streams = tuple(
        Stream(**{**stream, "connection": Connection(stream["connection"])})
        for stream in meta["streams"]
    )
    return Samples(
        streams=streams,
        backends=tuple(meta["backends"]),
        broken=str(meta.get("broken", "")),
        **columns,
    )


@dataclass
class SamplesBuilder:
    """Collects samples of several streams, row by row or column by column, into one Samples."""

    streams: list[Stream] = field(default_factory=list)
    _backends: dict[str, int] = field(default_factory=lambda: {"": 0})
    _chunks: dict[str, list[npt.NDArray[Any]]] = field(
        default_factory=lambda: {name: [] for name in SAMPLE_COLUMNS}
    )

    def add_stream(self, stream: Stream) -> int:
        """Register a stream and return its index."""
        self.streams.append(stream)
        return len(self.streams) - 1

    def backend(self, name: str) -> int:
        """The index of a backend's name, registering it when it is new."""
        return self._backends.setdefault(name, len(self._backends))

    def add_columns(self, stream: int, columns: Mapping[str, npt.ArrayLike]) -> None:
        """Add samples of `stream`; `columns` holds every column but `stream`."""
        length = len(np.asarray(columns["intended_us"]))
        self._chunks["stream"].append(np.full(length, stream, np.uint16))
        for name, kind in SAMPLE_COLUMNS.items():
            if name != "stream":
                self._chunks[name].append(np.asarray(columns[name]).astype(kind))

    def add(
        self,
        stream: int,
        *,
        intended_us: int,
        latency_us: int,
        outcome: Outcome,
        lateness_us: int = 0,
        code: int = 0,
        backend: str = "",
    ) -> None:
        """Add one sample of `stream`."""
        row = {
            "intended_us": [intended_us],
            "lateness_us": [lateness_us],
            "latency_us": [latency_us],
            "outcome": [int(outcome)],
            "code": [code],
            "backend": [self.backend(backend)],
        }
        self.add_columns(stream, row)

    def build(self) -> Samples:
        """Everything added so far, sorted by stream, then intended time."""
        columns: dict[str, Any] = {
            name: np.concatenate([np.empty(0, kind), *self._chunks[name]]).astype(kind)
            for name, kind in SAMPLE_COLUMNS.items()
        }
        order = np.lexsort((columns["intended_us"], columns["stream"]))
        columns = {name: column[order] for name, column in columns.items()}
        return Samples(streams=tuple(self.streams), backends=tuple(self._backends), **columns)
