"""Live progress: which step of how many, how long it has taken, and what each observer sees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from upgrade_e2e.format import duration, stamp
from upgrade_e2e.observers.live_status import LiveStatus
from upgrade_e2e.run.progress import Statuses
from upgrade_e2e.run.screen import Log, Row, Screen, Terminal, can_draw
from upgrade_e2e.run.states import ObserverStates
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade.executor import THE_STEP

__all__ = ["ConsoleProgress"]

QUIET_S = 60.0
LOG_COLUMNS = 80
"""What a line of a log should not exceed."""


@dataclass(frozen=True)
class _Step:
    number: int
    name: str
    began_s: float


@dataclass
class ConsoleProgress:
    """Progress on a terminal or in a log, from its construction until `close`.

    On a terminal each step leaves one line when it has ended; below them is, until then, the
    running step with what each observer sees. A log has one line when a step begins (so the last
    line names the step in which a job hangs), one more if it fails, and one after each `quiet_s`
    without any.
    `steps` is how many steps the pass has, 0 where that is not known. `live` False makes a
    terminal a log. Times in front of lines are seconds of the timeline, as in the report.
    """

    stream: IO[str]
    origin: Origin
    prefix: str = ""
    quiet_s: float = QUIET_S
    steps: int = 0
    live: bool = True

    def __post_init__(self) -> None:
        self._running: tuple[_Step, ...] = ()
        self._begun = 0
        self._statuses: Statuses = dict
        self._states = ObserverStates()
        self._draws = self.live and can_draw(self.stream)
        self._screen: Screen = (
            Terminal(self.stream, self._view)
            if self._draws
            else Log(self.stream, self._reminder, self._look, self.quiet_s)
        )

    def close(self) -> None:
        """Clear what is no line of a step; nothing more is written."""
        self._screen.close()

    def began(self, name: str, node: str = "") -> None:
        """A step begins: one line in a log; a terminal shows it until it ends."""
        del node
        self._begun += 1
        self._running = (*self._running, _Step(self._begun, name, self.origin.now_s()))
        if not self._draws:
            self._screen.keep(Row(self._numbered(self._begun, f"> {name}")))

    def ended(self, span: Span) -> None:
        """One line: how a step ended; in a log only where it failed."""
        ended = [step for step in self._running if step.name == span.name]
        self._running = tuple(step for step in self._running if step not in ended)
        if not (self._draws or span.error):
            return
        how, tone = _ending(span)
        line = f"{span.name}: {how} {duration(span.duration_s)}"
        number = ended[-1].number if ended else self._begun
        self._screen.keep(Row(self._numbered(number, line), tone))

    def say(self, sentence: str) -> None:
        """A sentence: while a step runs, a terminal shows it as the last thing that happened."""
        if self._draws and self._running:
            self._states.note(sentence, self.origin.now_s())
        else:
            self._screen.keep_all(self._stamped(sentence))

    @contextlib.contextmanager
    def watching(self, statuses: Statuses) -> Iterator[None]:
        """Show what `statuses` returns next to the running step."""
        before, self._statuses = self._statuses, statuses
        try:
            yield
        finally:
            self._statuses = before

    def _view(self, width: int, height: int) -> list[Row]:
        """The rows of a terminal as they are now; none between steps."""
        del width
        if not self._running:
            return []
        step, now_s = self._running[-1], self.origin.now_s()
        words = self._look()
        took = duration(int(now_s - step.began_s))
        rows = [Row(self._numbered(step.number, f"{step.name}, {took}"))]
        if waits := words.pop(THE_STEP, ""):
            rows.append(Row(f"  {waits}", "aside"))
        rows += [Row(f"  {name}: {said}", "aside") for name, said in words.items()]
        rows += self._observers(now_s, height - len(rows) - 1)
        if self._states.last:
            when = stamp(self._states.last_s).strip()
            rows.append(Row(f"  last: {self._states.last} (at {when})", "aside"))
        return rows

    def _observers(self, now_s: float, most: int) -> list[Row]:
        """One row per observer; where they are too many, those that fail come first."""
        seen = list(self._states.now.items())
        if len(seen) > most:
            seen = sorted(seen, key=lambda pair: not pair[1].failing)[: max(0, most - 1)]
        wide = max((len(name) for name, _ in seen), default=0)
        rows = [Row(f"  {name:{wide}}  {one.in_words(now_s)}", one.tone) for name, one in seen]
        hidden = len(self._states.now) - len(seen)
        return [*rows, Row(f"  and {hidden} more", "aside")] if hidden else rows

    def _reminder(self) -> str:
        """One line of a log about the running step; empty between steps."""
        if not self._running:
            return ""
        step, now_s = self._running[-1], self.origin.now_s()
        words = self._look()
        waits = words.pop(THE_STEP, "")
        going_on = [waits, *(f"{name}: {said}" for name, said in words.items())]
        running = f"{step.name}, {duration(int(now_s - step.began_s))}"
        lines = [
            self._numbered(step.number, "; ".join(filter(None, [running, *going_on, seen])))
            for seen in self._states.summaries(now_s)
        ]
        return next((line for line in lines if len(line) <= LOG_COLUMNS), lines[-1])

    def _look(self) -> dict[str, str]:
        """Take what observers see now; returns what else goes on, in words by name."""
        statuses = dict(self._statuses())
        seen = {name: one for name, one in statuses.items() if isinstance(one, LiveStatus)}
        self._states.update(seen, self.origin.now_s())
        return {name: one for name, one in statuses.items() if isinstance(one, str)}

    def _numbered(self, number: int, line: str) -> str:
        of = f"{number:{len(str(self.steps))}}/{self.steps}  " if self.steps else ""
        return f"{stamp(self.origin.now_s())}  {of}{self.prefix}{line}"

    def _stamped(self, line: str) -> str:
        return f"{stamp(self.origin.now_s())}  {self.prefix}{line}"


def _ending(span: Span) -> tuple[str, str]:
    """How a step ended, in words, and the tone of its line."""
    if span.interrupted:
        return "interrupted after", "aside"
    return ("failed after", "bad") if span.error else ("done in", "")
