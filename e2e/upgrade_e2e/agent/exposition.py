"""Prometheus' text format, of which only the lines of wanted metrics are looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LABEL = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"n": "\n"}
_AFTER_NAME = (b"{", b" ", b"\t")


def lines_of(text: bytes, metric: bytes) -> Iterator[bytes]:
    """The lines with values of `metric`, as they stand in `text`, which begins with a new line.

    A kubelet publishes some 200 kB, of which a few lines are wanted: they are searched for, and the
    rest is never split. Comments begin with `#`, so they are never found.
    """
    mark, length = b"\n" + metric, len(metric)
    at = text.find(mark)
    while at >= 0:
        end = text.find(b"\n", at + 1)
        line = text[at + 1 : end if end >= 0 else len(text)]
        if line[length : length + 1] in _AFTER_NAME:
            yield line
        at = text.find(mark, end) if end >= 0 else -1


def split_value(line: bytes, metric: bytes) -> tuple[bytes, float]:
    """The labels of a line of `metric`, unread, and its value; raises ValueError for no value."""
    length = len(metric)
    end = line.rindex(b"}") + 1 if line[length : length + 1] == b"{" else length
    words = line[end:].split()  # the value, and after it perhaps a time
    if not words:
        raise ValueError(line)
    return line[length:end], float(words[0])


def read_labels(text: bytes) -> dict[str, str]:
    """The labels in `{name="value",...}`; none for an empty text."""
    found = _LABEL.findall(text.decode("utf-8", "replace"))
    return {name: _ESCAPED.sub(_meant, value) for name, value in found}


def _meant(escaped: re.Match[str]) -> str:
    return _MEANT.get(escaped[1], escaped[1])
