"""Samples packed for a page: small enough to travel inside it, exact where it matters.

Each stream becomes seven columns of bytes; all columns together are deflated as one.

intended        second differences, zigzag, varint: a steady clock packs to next to nothing
outcome         a byte each
doubt           a byte each: why a sample does not count (0: it counts)
code, backend   varint
lateness, latency  a byte each: a level on a logarithmic scale, or EXACT; the exact values (varint)
                follow in a column of their own

Levels are for answers that came, on time, at an ordinary speed. Exact are: whatever failed, was
late or does not count, and the slowest answers of each stream. A run that is small enough is exact
throughout.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from upgrade_e2e.timeline import SAMPLE_COLUMNS, Outcome, Samples

__all__ = ["BUDGET", "EXACT", "STEPS", "Doubts", "Packed", "pack_samples"]

BUDGET = 1_900_000
"""Bytes that the deflated columns may take: 2.53 MB in base64, which leaves 0.4 MB of the 3 MB."""
STEPS = (0, 64, 32, 16, 8)
"""Levels to an octave that are tried in turn, 0 meaning exact; the last is taken in any case."""
EXACT = 255
"""The level that says: the value stands in the exact column."""
_SLOWEST = 0.995
_COMPRESSION = 6

Doubts = npt.NDArray[np.uint8]
_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Packed:
    """Columns as deflated bytes, and where to find them.

    data     zlib stream of all columns
    steps    levels to an octave; 0 when every value is exact
    streams  by observer, one mapping a stream: `count`, the first level of `lateness` and
             `latency`, and by column its [offset, length] in the inflated bytes
    """

    data: bytes
    steps: int
    streams: Mapping[str, tuple[Mapping[str, Any], ...]]

    @property
    def error(self) -> float:
        """How far a value that is not exact can be off, as a share of itself."""
        return float(2 ** (0.5 / self.steps) - 1) if self.steps else 0.0


def pack_samples(
    samples: Mapping[str, Samples],
    doubts: Mapping[str, Doubts],
    late_us: float,
    budget: int = BUDGET,
) -> Packed:
    """All samples, as fine as `budget` bytes allow.

    `doubts` has for each observer one number a sample, 0 where it counts. Samples that were sent
    later than `late_us` are exact.
    """
    for steps in STEPS:
        packed = _pack_all(samples, doubts, late_us, steps)
        if len(packed.data) <= budget:
            break
    return packed


def _pack_all(
    samples: Mapping[str, Samples], doubts: Mapping[str, Doubts], late_us: float, steps: int
) -> Packed:
    blob = _Blob()
    streams = {
        name: tuple(
            _stream(blob, _columns(seen, doubts[name], where), late_us, steps)
            for where in _by_stream(seen)
        )
        for name, seen in samples.items()
    }
    return Packed(zlib.compress(b"".join(blob.parts), _COMPRESSION), steps, streams)


class _Blob:
    """Bytes that grow, and remember where each part went."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> list[int]:
        self.parts.append(part)
        self._size += len(part)
        return [self._size - len(part), len(part)]


def _by_stream(samples: Samples) -> Iterator[npt.NDArray[np.intp]]:
    """Where the samples of each stream are, in the order of their intended times."""
    order = np.lexsort((samples.intended_us, samples.stream))
    edges = np.searchsorted(samples.stream[order], np.arange(len(samples.streams) + 1))
    for first, last in itertools.pairwise(edges.tolist()):
        yield order[first:last]


def _columns(
    samples: Samples, doubt: Doubts, where: npt.NDArray[np.intp]
) -> dict[str, npt.NDArray[Any]]:
    names = [name for name in SAMPLE_COLUMNS if name != "stream"]
    columns: dict[str, npt.NDArray[Any]] = {name: getattr(samples, name)[where] for name in names}
    return {**columns, "doubt": doubt[where]}


def _stream(
    blob: _Blob, columns: Mapping[str, npt.NDArray[Any]], late_us: float, steps: int
) -> dict[str, Any]:
    exact = _exact(columns, late_us, steps)
    lateness, first_late, late = _levels(columns["lateness_us"], exact, steps)
    latency, first_slow, slow = _levels(columns["latency_us"], exact, steps)
    return {
        "count": len(exact),
        "first": {"lateness": first_late, "latency": first_slow},
        "columns": {
            "intended": blob.add(_times(columns["intended_us"])),
            "outcome": blob.add(columns["outcome"].tobytes()),
            "doubt": blob.add(columns["doubt"].tobytes()),
            "code": blob.add(varints(columns["code"])),
            "backend": blob.add(varints(columns["backend"])),
            "lateness": blob.add(lateness.tobytes()),
            "lateness_exact": blob.add(late),
            "latency": blob.add(latency.tobytes()),
            "latency_exact": blob.add(slow),
        },
    }


def _exact(
    columns: Mapping[str, npt.NDArray[Any]], late_us: float, steps: int
) -> npt.NDArray[np.bool_]:
    latency = columns["latency_us"]
    if not steps or not len(latency):
        return np.ones(len(latency), bool)
    odd = (columns["outcome"] != Outcome.OK) | (columns["doubt"] != 0)
    slowest = latency >= np.quantile(latency, _SLOWEST)
    mask: npt.NDArray[np.bool_] = odd | slowest | (columns["lateness_us"] > late_us)
    return mask


def _levels(
    values: npt.NDArray[np.uint32], exact: npt.NDArray[np.bool_], steps: int
) -> tuple[_Bytes, int, bytes]:
    """The level of each value, the level that byte 0 stands for, and the exact values."""
    if exact.all():
        return np.full(len(values), EXACT, np.uint8), 0, varints(values)
    level = np.rint(np.log2(1.0 + values) * steps).astype(np.int64)
    first = int(level[~exact].min())
    level -= first
    level[exact | (level >= EXACT)] = EXACT
    return level.astype(np.uint8), first, varints(values[level == EXACT])


def _times(times_us: npt.NDArray[np.int64]) -> bytes:
    """Second differences: the first is the first time itself, the second the first interval."""
    steps = np.diff(times_us, prepend=np.int64(0))
    turns = np.concatenate([steps[:2], np.diff(steps[1:])])
    return varints((turns << 1) ^ (turns >> 63))


def varints(values: npt.NDArray[np.integer]) -> bytes:
    """Seven bits a byte, the lowest first, the eighth bit set on all but the last."""
    left = values.astype(np.uint64)
    width = max(1, (int(left.max(initial=0)).bit_length() + 6) // 7)
    shifts = np.arange(width, dtype=np.uint64) * np.uint64(7)
    groups = left[:, None] >> shifts
    follows = np.zeros(groups.shape, bool)
    follows[:, :-1] = groups[:, 1:] > 0
    table = ((groups & np.uint64(0x7F)) | (follows * np.uint64(0x80))).astype(np.uint8)
    used = groups > 0
    used[:, 0] = True
    return table[used].tobytes()
