"""One line a step, with the seconds since the start."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_started = time.monotonic()
_lock = threading.Lock()


def say(sentence: str) -> None:
    """Print a line that no other thread can break into."""
    with _lock:
        sys.stdout.write(f"{time.monotonic() - _started:6.0f} s  {sentence}\n")
        sys.stdout.flush()


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say that something begins and, if it goes well, how long it took."""
    say(f"{what} ...")
    began = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - began:.0f} s")
