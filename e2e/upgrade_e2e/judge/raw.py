"""The samples of one stream in the watched window, in order, each once, with notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.windows import Times
from upgrade_e2e.timeline import SAMPLE_COLUMNS, Samples, Stream

__all__ = ["RawTrack", "split_streams"]

_COLUMNS = tuple(SAMPLE_COLUMNS)


@dataclass(frozen=True, eq=False)
class RawTrack:
    """The samples of one stream that were meant for the watched window, by intended time.

    `notes` are sentences about what was wrong with the samples and what was done about it.
    """

    stream: Stream
    samples: Samples
    notes: tuple[str, ...]

    @property
    def interval_us(self) -> int:
        """The stream's interval; 0 for one that follows events."""
        return round(self.stream.interval_s * 1e6)

    @property
    def sent_us(self) -> Times:
        """When each sample was really sent."""
        return self.samples.intended_us + self.samples.lateness_us

    @property
    def wait_us(self) -> npt.NDArray[np.uint32]:
        """From sending to the answer; 0 where the answer is recorded before the sending."""
        late = np.minimum(self.samples.lateness_us, self.samples.latency_us)
        return self.samples.latency_us - late

    @property
    def done_us(self) -> Times:
        """When each sample had its answer or gave up; never before the sending."""
        longest = np.maximum(self.samples.latency_us, self.samples.lateness_us)
        return self.samples.intended_us + longest

    def by_sending(self) -> RawTrack:
        """The samples in the order in which they were sent."""
        sent_us = self.sent_us
        if not (sent_us[1:] < sent_us[:-1]).any():
            return self
        return replace(self, samples=_take(self.samples, np.argsort(sent_us, kind="stable")))


def split_streams(samples: Samples, start_us: int, end_us: int) -> Iterator[RawTrack]:
    """The samples of each stream, without copying where nothing is wrong with it."""
    index = samples.stream
    if (index[1:] < index[:-1]).any():
        samples = _take(samples, np.argsort(index, kind="stable"))
    edges = np.searchsorted(samples.stream, np.arange(len(samples.streams) + 1))
    for number, stream in enumerate(samples.streams):
        part = _take(samples, slice(int(edges[number]), int(edges[number + 1])))
        notes: list[str] = []
        part = _sorted(stream, part, notes)
        part = _watched(stream, part, start_us, end_us, notes)
        if stream.interval_s > 0:  # two events may well be alike
            part = _once(stream, part, notes)
        yield RawTrack(stream, part, tuple(notes))


def _sorted(stream: Stream, samples: Samples, notes: list[str]) -> Samples:
    back = int(np.count_nonzero(samples.intended_us[1:] < samples.intended_us[:-1]))
    if not back:
        return samples
    notes.append(f"{stream.name}: its intended times go backwards (places: {back}); sorted")
    return _take(samples, np.argsort(samples.intended_us, kind="stable"))


def _watched(
    stream: Stream, samples: Samples, start_us: int, end_us: int, notes: list[str]
) -> Samples:
    first, last = np.searchsorted(samples.intended_us, [start_us, end_us + 1])
    outside = len(samples) - int(last - first)
    if outside:
        notes.append(f"{stream.name}: samples outside of the watched window left out: {outside}")
    return _take(samples, slice(int(first), int(last)))


def _once(stream: Stream, samples: Samples, notes: list[str]) -> Samples:
    """Without samples that were collected twice: equal in every column."""
    if not (samples.intended_us[1:] == samples.intended_us[:-1]).any():
        return samples
    columns = [getattr(samples, name) for name in _COLUMNS[1:]]
    samples = _take(samples, np.lexsort(columns[::-1]))
    alike = np.ones(len(samples) - 1, bool)
    for name in _COLUMNS[1:]:
        column = getattr(samples, name)
        alike &= column[1:] == column[:-1]
    if alike.any():
        twice = int(np.count_nonzero(alike))
        notes.append(f"{stream.name}: samples recorded twice and counted once: {twice}")
    return _take(samples, np.append(np.ones(1, bool), ~alike))


def _take(samples: Samples, which: slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Samples:
    return replace(samples, **{name: getattr(samples, name)[which] for name in _COLUMNS})
