"""Where progress is shown: a terminal, redrawn in place, or a log, which only grows.

The terminal is drawn by hand. What it takes is three control sequences (up, clear, colour). rich,
which draws the tables of commands, has a live display too, but it counts the rows that it drew at
the width of that time: in a terminal that was made narrower meanwhile, some of them stay. And it
would be loaded in each CI job, where nothing is drawn.
"""

from __future__ import annotations

import contextlib
import os
import textwrap
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

__all__ = ["Log", "Row", "Screen", "Terminal", "can_draw"]

REDRAWN_EVERY_S, LOOKED_EVERY_S = 0.5, 1.0
_RED, _GREEN, _DIM, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
_COLOURS = {"bad": _RED, "good": _GREEN, "aside": _DIM}


@dataclass(frozen=True)
class Row:
    """A line to show; `tone` is `good`, `bad`, `aside` or empty."""

    text: str
    tone: str = ""


class Screen(Protocol):
    """Takes lines that stay."""

    def keep(self, row: Row) -> None:
        """Show a line that stays, cut to the width where there is one."""

    def keep_all(self, text: str) -> None:
        """Show a text that stays, wrapped where there is a width."""

    def close(self) -> None:
        """Leave only what stays."""


def can_draw(stream: IO[str]) -> bool:
    """Whether this is a terminal that understands control sequences."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


class Log:
    """Lines, and after each `quiet_s` without any what `remind` returns, if it is not empty.

    `look` is called every second between, so that a reminder knows since when something is so.
    """

    def __init__(
        self,
        stream: IO[str],
        remind: Callable[[], str],
        look: Callable[[], object],
        quiet_s: float,
    ) -> None:
        self._stream, self._remind, self._look, self._quiet_s = stream, remind, look, quiet_s
        self._lock = threading.Lock()
        self._woken, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def keep(self, row: Row) -> None:
        """Write the line."""
        self.keep_all(row.text)

    def keep_all(self, text: str) -> None:
        """Write the text as it is: whoever reads a log searches it, and wraps it."""
        self._woken.set()
        self._write(text)

    def close(self) -> None:
        """Write nothing more."""
        self._closed = True
        self._woken.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        quiet_until_s = time.monotonic() + self._quiet_s
        while not self._closed:
            left_s = quiet_until_s - time.monotonic()
            if self._woken.wait(max(0.0, min(LOOKED_EVERY_S, left_s))):
                self._woken.clear()
            elif left_s > LOOKED_EVERY_S:
                self._look()
                continue
            elif text := self._remind():
                self._write(text)
            quiet_until_s = time.monotonic() + self._quiet_s

    def _write(self, text: str) -> None:
        with self._lock:
            self._stream.write(f"{text}\n")
            self._stream.flush()


class Terminal:
    """Lines that stay, and below them what `view` returns for a width and a height, redrawn.

    The cursor stays visible and stands below the view, so that whatever ends this process leaves a
    terminal that works. Nothing is drawn while the view is empty.
    """

    def __init__(self, stream: IO[str], view: Callable[[int, int], Sequence[Row]]) -> None:
        self._stream, self._view = stream, view
        self._colours = not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()
        self._drawn: tuple[int, ...] = ()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def keep(self, row: Row) -> None:
        """Put the line above the view, cut to the width."""
        self._keep([row])

    def keep_all(self, text: str) -> None:
        """Put the text above the view, wrapped to the width."""
        width = self._size()[0]
        lines = [part for line in text.splitlines() for part in textwrap.wrap(line, width) or [""]]
        self._keep([Row(line) for line in lines])

    def close(self) -> None:
        """Clear the view."""
        self._closed.set()
        self._thread.join(timeout=5)
        with self._lock:
            self._show([], [])

    def _run(self) -> None:
        # A terminal that has gone away needs no view; whoever writes lines finds out.
        with contextlib.suppress(OSError):
            while not self._closed.wait(REDRAWN_EVERY_S):
                with self._lock:
                    self._show([], self._view(*self._size()))

    def _keep(self, rows: Sequence[Row]) -> None:
        with self._lock:
            self._show(rows, self._view(*self._size()))

    def _show(self, kept: Sequence[Row], view: Sequence[Row]) -> None:
        """In one write: clear the old view, then write what stays and the new view."""
        if not (self._drawn or kept or view):
            return
        width, height = self._size()
        above = sum(max(1, -(-cells // (width + 1))) for cells in self._drawn)
        clear = f"\x1b[{min(above, height)}A\r\x1b[J" if above else ""
        shown = [Row(_cut(row.text, width), row.tone) for row in view[:height]]
        lines = [Row(_cut(row.text, width), row.tone) for row in kept] + shown
        self._stream.write(clear + "".join(f"{self._painted(row)}\n" for row in lines))
        self._stream.flush()
        self._drawn = tuple(_cells(row.text) for row in shown)

    def _painted(self, row: Row) -> str:
        colour = _COLOURS.get(row.tone) if self._colours else None
        return f"{colour}{row.text}{_PLAIN}" if colour else row.text

    def _size(self) -> tuple[int, int]:
        """Columns and lines that may be filled: one less of each than there are."""
        columns, lines = os.get_terminal_size(self._stream.fileno())
        return max(10, (columns or 80) - 1), max(2, (lines or 24) - 1)


def _cut(text: str, width: int) -> str:
    """As much of the text as fits on one line; what would move the cursor becomes a space."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    if _cells(plain) <= width:
        return plain
    while _cells(plain) > width - 1:
        plain = plain[:-1]
    return f"{plain}…"


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
