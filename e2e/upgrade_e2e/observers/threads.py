"""The threads in which an observer works in this process."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import PurePath

__all__ = ["BackgroundThreads"]

_log = logging.getLogger(__name__)


class BackgroundThreads:
    """Threads by name, started and joined together; an exception that ends one is kept.

    Without this, such an exception would be lost, or blamed on another test.
    """

    def __init__(self, jobs: Mapping[str, Callable[[], None]]) -> None:
        self._broken: list[str] = []
        self._threads = [
            threading.Thread(target=self._run, args=(job,), name=name, daemon=True)
            for name, job in jobs.items()
        ]

    @property
    def alive(self) -> bool:
        """Whether all threads are running."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def broken(self) -> str:
        """What ended threads that should have gone on; empty when nothing did."""
        return "; ".join(self._broken)

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for each thread that runs, this long at most."""
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout_s)

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - a thread's last frame: nobody else would report it
            name = threading.current_thread().name
            _log.exception("the thread %s broke", name)
            self._broken.append(f"its thread {name} broke with {_described(error)}")


def _described(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    words = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"{words} ({PurePath(place.filename).name}:{place.lineno})"
