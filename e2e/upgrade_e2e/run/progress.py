"""Live progress: the step, how long it has taken, and what each observer sees now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Protocol

from rich.console import Console
from rich.text import Text

from upgrade_e2e.timeline import Origin, Span

__all__ = ["ConsoleProgress", "Progress", "Silence"]

QUIET_EVERY_S = 15.0
TERMINAL_EVERY_S = 0.5
StatusLines = Callable[[], Mapping[str, str]]


class Progress(Protocol):
    """Shows what happens, as it happens."""

    def began(self, name: str, node: str = "") -> None:
        """A step begins now."""

    def ended(self, span: Span) -> None:
        """A step has ended."""

    def say(self, sentence: str) -> None:
        """Show one sentence."""

    def watching(self, status_lines: StatusLines) -> AbstractContextManager[None]:
        """While in the context, `status_lines` says what each observer sees now."""


class Silence:
    """Progress that shows nothing."""

    def began(self, name: str, node: str = "") -> None:
        """Show nothing."""

    def ended(self, span: Span) -> None:
        """Show nothing."""

    def say(self, sentence: str) -> None:
        """Show nothing."""

    def watching(self, status_lines: StatusLines) -> AbstractContextManager[None]:
        """Show nothing."""
        del status_lines
        return _Ticking(threading.Event(), None)


@dataclass
class ConsoleProgress:
    """Progress on a terminal or in a log: a line when a step begins or ends, and what is seen now.

    On a terminal the running step is one line that is rewritten; in a log it is a line every
    15 seconds.
    """

    stream: IO[str]
    origin: Origin
    prefix: str = ""
    _running: list[tuple[str, float]] = field(default_factory=list)
    _status_lines: StatusLines | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.console = Console(file=self.stream, highlight=False, soft_wrap=True)
        self.ticking = _Ticking(threading.Event(), self._tick, self._every_s())
        self.ticking.start()

    def close(self) -> None:
        """Stop the background line."""
        self.ticking.stop()
        self._clear()

    def began(self, name: str, node: str = "") -> None:
        """Print that a step begins."""
        del node
        with self._lock:
            self._running.append((name, self.origin.now_s()))
            self._line(f"> {name}")

    def ended(self, span: Span) -> None:
        """Print how a step ended."""
        with self._lock:
            self._running = [entry for entry in self._running if entry[0] != span.name]
            how = "failed" if span.error else "done"
            style = "bold red" if span.error else "green"
            self._line(f"  {span.name} {how} after {span.duration_s:.1f} s", style)

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        with self._lock:
            self._line(sentence)

    def watching(self, status_lines: StatusLines) -> AbstractContextManager[None]:
        """Show the lines of `status_lines` next to the running step."""
        return _ShowingStatus(self, status_lines)

    def _every_s(self) -> float:
        return TERMINAL_EVERY_S if self.console.is_terminal else QUIET_EVERY_S

    def _tick(self) -> None:
        status_lines = self._status_lines
        seen = (
            ""
            if status_lines is None
            else "  |  ".join(f"{name}: {text}" for name, text in status_lines().items())
        )
        with self._lock:
            if not self._running:
                return
            name, since_s = self._running[-1]
            line = f"  {name}, {self.origin.now_s() - since_s:.0f} s"
            line = f"{line}  |  {seen}" if seen else line
            if self.console.is_terminal:
                width = max(20, self.console.width - 1)
                self.stream.write("\r\x1b[2K" + self._stamped(line)[:width])
                self.stream.flush()
            else:
                self._line(line, "dim")

    def _stamped(self, line: str) -> str:
        minutes, seconds = divmod(int(self.origin.now_s()), 60)
        return f"[{minutes:02d}:{seconds:02d}] {self.prefix}{line}"

    def _line(self, line: str, style: str = "") -> None:
        self._clear()
        self.console.print(Text(self._stamped(line), style=style))
        self.stream.flush()

    def _clear(self) -> None:
        if self.console.is_terminal:
            self.stream.write("\r\x1b[2K")


@dataclass
class _ShowingStatus(AbstractContextManager[None]):
    progress: ConsoleProgress
    status_lines: StatusLines

    def __enter__(self) -> None:
        self.progress._status_lines = self.status_lines  # noqa: SLF001  (one module, one thing)

    def __exit__(self, *_: object) -> None:
        self.progress._status_lines = None  # noqa: SLF001


@dataclass
class _Ticking(AbstractContextManager[None]):
    stopped: threading.Event
    tick: Callable[[], None] | None
    every_s: float = 1.0
    thread: threading.Thread | None = None

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopped.set()
        if self.thread is not None:
            self.thread.join(timeout=5)

    def _run(self) -> None:
        while not self.stopped.wait(self.every_s):
            if self.tick is not None:
                self.tick()
