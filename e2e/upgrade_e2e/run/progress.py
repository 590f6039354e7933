"""Live progress: the step, how long it has taken, and what each observer sees now."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import IO, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from upgrade_e2e.format import duration
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade.executor import THE_STEP

__all__ = ["ConsoleProgress", "Progress", "Silence"]

QUIET_S = 60.0
REFRESHES_PER_S = 2.0
StatusLines = Callable[[], Mapping[str, str]]


class Progress(Protocol):
    """Shows the steps of a pass as they begin and end."""

    def began(self, name: str, node: str = "") -> None:
        """A step begins now."""

    def ended(self, span: Span) -> None:
        """A step has ended."""

    def say(self, sentence: str) -> None:
        """Show one sentence."""

    def watching(
        self, status_lines: StatusLines, every_s: float | None = None
    ) -> AbstractContextManager[None]:
        """While in the context, `status_lines` says what is seen or done now, in a few words.

        A log shows it every `every_s` while there is something to show. Under the name THE_STEP it
        says what the running step waits for.
        """


class Silence:
    """Progress that shows nothing."""

    def began(self, name: str, node: str = "") -> None:
        """Show nothing."""

    def ended(self, span: Span) -> None:
        """Show nothing."""

    def say(self, sentence: str) -> None:
        """Show nothing."""

    def watching(
        self, status_lines: StatusLines, every_s: float | None = None
    ) -> AbstractContextManager[None]:
        """Show nothing."""
        del status_lines, every_s
        return nullcontext()


@dataclass
class ConsoleProgress:
    """Progress on a terminal or in a log, from its construction until `close`.

    On a terminal one line at the bottom always shows the running step, cut to the terminal's
    width; above it is one line per step that has ended. In a log there is one line when a step
    begins and one when it ends, and one more after each `quiet_s` without any.
    """

    stream: IO[str]
    origin: Origin
    prefix: str = ""
    quiet_s: float = QUIET_S

    def __post_init__(self) -> None:
        self.console = Console(file=self.stream, highlight=False)
        self._running: tuple[tuple[str, float], ...] = ()
        self._status_lines: StatusLines = dict
        self._on_terminal = (
            self.stream.isatty() and self.console.is_terminal and not self.console.is_dumb_terminal
        )
        self._every_s: float | None = None
        self._reminder = _Reminder(self._remind, self._quiet_now_s)
        self._fit()
        self._live = Live(
            self,
            console=self.console,
            refresh_per_second=REFRESHES_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        (self._live if self._on_terminal else self._reminder).start()

    def close(self) -> None:
        """Remove the bottom line; nothing more is written."""
        (self._live if self._on_terminal else self._reminder).stop()

    def began(self, name: str, node: str = "") -> None:
        """A step begins: one line in a log; on a terminal the bottom line shows it."""
        del node
        self._running = (*self._running, (name, self.origin.now_s()))
        if not self._on_terminal:
            self._line(f"> {name}")

    def ended(self, span: Span) -> None:
        """Print how a step ended."""
        self._running = tuple(entry for entry in self._running if entry[0] != span.name)
        how, style = ("failed", "bold red") if span.error else ("done", "green")
        self._line(f"  {span.name} {how} after {duration(span.duration_s)}", style)

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        self._line(sentence)

    @contextlib.contextmanager
    def watching(self, status_lines: StatusLines, every_s: float | None = None) -> Iterator[None]:
        """Show what `status_lines` returns next to the running step."""
        self._status_lines, self._every_s = status_lines, every_s
        try:
            yield
        finally:
            self._status_lines, self._every_s = dict, None

    def __rich__(self) -> Text:
        """The bottom line of a terminal, as it is now."""
        self._fit()
        now = self._now()
        return Text(self._stamped(now) if now else "", no_wrap=True, overflow="ellipsis")

    def _line(self, line: str, style: str = "") -> None:
        self._reminder.postpone()
        self.console.print(Text(self._stamped(line), style=style), soft_wrap=True)
        self.stream.flush()

    def _remind(self) -> None:
        if now := self._now():
            self._line(now, "dim")

    def _quiet_now_s(self) -> float:
        if self._every_s is not None and self._status_lines():
            return self._every_s
        return self.quiet_s

    def _fit(self) -> None:
        """Take the width of the stream; rich measures only those that pytest captures."""
        with contextlib.suppress(OSError):
            self.console.width = os.get_terminal_size(self.stream.fileno()).columns

    def _now(self) -> str:
        """The running step and what is seen or done; empty between steps."""
        if not self._running:
            return ""
        name, since_s = self._running[-1]
        lines = dict(self._status_lines())
        doing = f"  {name}, {self.origin.now_s() - since_s:.0f} s"
        if noted := lines.pop(THE_STEP, ""):
            doing += f": {noted}"
        seen = [f"{what}: {words}" for what, words in lines.items()]
        return "  |  ".join([doing, *seen])

    def _stamped(self, line: str) -> str:
        minutes, seconds = divmod(int(self.origin.now_s()), 60)
        return f"[{minutes:02d}:{seconds:02d}] {self.prefix}{line}"


class _Reminder:
    """Calls `remind` after each `quiet_s()` without a call of `postpone`, which asks again."""

    def __init__(self, remind: Callable[[], None], quiet_s: Callable[[], float]) -> None:
        self._remind, self._quiet_s = remind, quiet_s
        self._postponed = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def postpone(self) -> None:
        self._postponed.set()

    def stop(self) -> None:
        self._stopped = True
        self._postponed.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped:
            if self._postponed.wait(self._quiet_s()):
                self._postponed.clear()
            else:
                self._remind()
