"""The readings of one stream: which series there are, and their values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .exposition import lines_of, read_labels, split_value
from .layout import READING
from .spool import Spool

MOST_SERIES = 20_000
"""A stream keeps no more: pods that come and go must not fill the disk of their node."""
_LEFT_OUT = -1


class TooManySeries(Exception):
    """There is no room for more series."""


class ReadingsFile:
    """Finds what is wanted in a text, numbers its series and keeps the values in the spool."""

    def __init__(
        self,
        spool: Spool,
        key: str,
        metrics: Iterable[str],
        *,
        keep_labels: Iterable[str] | None = None,
        drop: Iterable[str] = (),
    ) -> None:
        """`drop` has pairs LABEL=VALUE; a label that is not there has the empty value."""
        self._metrics = [metric.encode() for metric in metrics]
        self._keep = None if keep_labels is None else frozenset(keep_labels)
        self._drop = [(name, value) for name, _, value in (pair.partition("=") for pair in drop)]
        self._file = spool.boot / f"{key}.series"
        self._numbers = self._read()
        self._of_line: dict[tuple[bytes, bytes], int] = {}
        self._new: list[str] = []
        self._buffer = spool.readings(key)

    def find(self, text: bytes) -> dict[int, float]:
        """The values of the wanted metrics by the number of their series; empty for none.

        Where labels are left out, values that then have the same labels are added up. Raises
        ValueError for what is not Prometheus' text format, and TooManySeries.
        """
        found: dict[int, float] = {}
        text = b"\n" + text
        for metric in self._metrics:
            for line in lines_of(text, metric):
                labels, value = split_value(line, metric)
                number = self._of_line.get((metric, labels))
                if number is None:
                    number = self._number(metric, labels)
                if number != _LEFT_OUT:
                    found[number] = found.get(number, 0.0) + value
        self._write_new()
        return found

    def keep(self, at_us: int, values: Mapping[int, float]) -> None:
        """Write down what was read at `at_us` on the monotonic clock."""
        for number, value in values.items():
            self._buffer += READING.pack(at_us, value, number)

    def _number(self, metric: bytes, text: bytes) -> int:
        labels = read_labels(text)
        if len(self._of_line) >= MOST_SERIES:
            raise TooManySeries
        if any(labels.get(name, "") == value for name, value in self._drop):
            number = _LEFT_OUT
        else:
            if self._keep is not None:
                labels = {name: value for name, value in labels.items() if name in self._keep}
            number = self._of_series(json.dumps([metric.decode(), labels], sort_keys=True))
        return self._of_line.setdefault((metric, text), number)

    def _of_series(self, series: str) -> int:
        known = self._numbers.get(series)
        if known is None:
            known = self._numbers[series] = len(self._numbers)
            self._new.append(series + "\n")
        return known

    def _write_new(self) -> None:
        """Series are on the disk before the first value that belongs to them."""
        if self._new:
            with self._file.open("a") as file:
                file.writelines(self._new)
            self._new.clear()

    def _read(self) -> dict[str, int]:
        if not self._file.exists():
            return {}
        *whole, torn = self._file.read_text().split("\n")
        if torn:  # a prober that was killed may have left half a line
            self._file.write_text("".join(f"{line}\n" for line in whole))
        return {line: number for number, line in enumerate(whole)}
