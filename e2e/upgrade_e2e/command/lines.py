"""The lines that a command writes into a pipe or onto a terminal, read as they come."""

from __future__ import annotations

import errno
import re
import selectors
import threading
import time
from collections.abc import Iterator
from io import FileIO

from upgrade_e2e.errors import Hopeless

__all__ = ["written_lines"]

_ENDS = re.compile(rb"\n")
# On a terminal a line also ends where the cursor goes elsewhere: returns and ECMA-48 sequences.
_MOVES = re.compile(rb"(?:[\r\n]|\x1b\[[0-?]*[ -/]*[@-~])+")
_LOOK_S = 0.2
"""How often a followed command looks whether it is to stop."""


def written_lines(
    output: FileIO, end: float, *, terminal: bool, stopped: threading.Event | None
) -> Iterator[str]:
    """Lines of a program's output until it closes.

    Raises TimeoutError at `end`, a time of the monotonic clock, and Hopeless once `stopped` is set.
    """
    breaks = _MOVES if terminal else _ENDS
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            _wait_readable(selector, end, stopped)
            chunk = _read(output)
            *whole, rest = breaks.split(rest + chunk)
            yield from (line.decode(errors="replace") for line in whole)
            if not chunk:
                break
    if rest:
        yield rest.decode(errors="replace")


def _wait_readable(
    selector: selectors.BaseSelector, end: float, stopped: threading.Event | None
) -> None:
    while True:
        if stopped is not None and stopped.is_set():
            raise Hopeless("it was stopped, because the pass ends.")
        left_s = end - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        if selector.select(left_s if stopped is None else min(left_s, _LOOK_S)):
            return


def _read(output: FileIO) -> bytes:
    """What can be read now; empty at the end, which a terminal reports as an error."""
    try:
        return output.read(65536) or b""
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""
