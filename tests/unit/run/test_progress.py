"""Progress on a terminal and in a log."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import struct
import termios
import threading

import pytest

from upgrade_e2e.run import ConsoleProgress, Silence
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade.executor import THE_STEP
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(within_s=30.0, every_s=0.02)
WORDS = {"web": "50/s ok", "dns": "98/s ok, 2 timeout", "edge": "20/s ok", "churn": "4/s ok"}
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def in_log(**settings):
    """Progress into a log, and the log."""
    log = io.StringIO()
    return contextlib.closing(ConsoleProgress(log, Origin(), **settings)), log


def lines_of(log):
    """The lines without their time stamps."""
    return [re.sub(r"^\[\d\d:\d\d\] ", "", line) for line in log.getvalue().splitlines()]


class Terminal:
    """A terminal of a given width, and all that was written to it."""

    def __init__(self, columns):
        self.ours, self.theirs = os.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream = os.fdopen(self.theirs, "w", encoding="utf-8")
        self.written = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with contextlib.suppress(OSError):  # the other end was closed
            while chunk := os.read(self.ours, 4096):
                self.written += chunk.decode()

    def close(self):
        if not self.stream.closed:
            self.stream.close()
            self.reader.join(timeout=10)
            os.close(self.ours)

    def shown(self):
        """What was on a line at any time, in order."""
        return [line for line in re.split(r"[\r\n]+", CONTROL.sub("", self.written)) if line]


@pytest.fixture
def terminal(monkeypatch):
    """Opens terminals of a given width."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    with contextlib.ExitStack() as opened:
        yield lambda columns: opened.enter_context(contextlib.closing(Terminal(columns)))


def test_a_log_has_one_line_when_a_step_begins_and_one_when_it_ends():
    open_progress, log = in_log(prefix="v1-v2: ")
    with open_progress as progress, progress.watching(lambda: WORDS):
        progress.began("drain worker", "worker")
        progress.ended(Span("drain worker", "drain", 1.0, 125.2))
        progress.say("the logs could not be collected: [gone]")
        progress.began("settle")
        progress.ended(Span("settle", "settle", 0.0, 0.5, error="interrupted"))
    assert lines_of(log) == [
        "v1-v2: > drain worker",
        "v1-v2:   drain worker done after 2 min 4 s",
        "v1-v2: the logs could not be collected: [gone]",
        "v1-v2: > settle",
        "v1-v2:   settle failed after 500 ms",
    ]


def test_a_log_is_not_cut_or_wrapped_and_has_no_control_codes(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as some CI systems do
    monkeypatch.setenv("COLUMNS", "20")
    open_progress, log = in_log()
    with open_progress as progress:
        progress.say("a sentence that is longer than the log is wide " * 5)
    assert len(log.getvalue().splitlines()) == 1
    assert "\x1b[2K" not in log.getvalue()


def test_a_long_step_shows_now_and_then_in_a_log_what_is_seen():
    open_progress, log = in_log(quiet_s=0.02)
    with open_progress as progress, progress.watching(lambda: WORDS):
        progress.began("create")
        wait_for("two reminders", lambda: lines_of(log), lambda lines: len(lines) >= 3, SOON)
        progress.ended(Span("create", "create", 0.0, 1.0))
        calm = len(lines_of(log))
    first, *reminders = lines_of(log)[:calm]
    assert first == "> create"
    assert re.fullmatch(r"  create, \d+ s  \|  web: 50/s ok  \|  dns: 98/s.*4/s ok", reminders[0])


def test_a_log_shows_more_often_what_is_going_on_while_something_is():
    going_on = {"kindest/node:v1.34.4": "pulled 180 of 410 MB"}
    open_progress, log = in_log(quiet_s=3600)
    with open_progress as progress, progress.watching(lambda: dict(going_on), every_s=0.02):
        progress.began("create")
        wait_for("a reminder", lambda: lines_of(log), lambda lines: len(lines) >= 2, SOON)
        going_on.clear()
        progress.say("Pulled kindest/node:v1.34.4.")
        count = len(lines_of(log))
        assert not threading.Event().wait(0.2)
        assert len(lines_of(log)) - count <= 1  # one may have begun before it was over
    assert lines_of(log)[1].endswith("  |  kindest/node:v1.34.4: pulled 180 of 410 MB")


def test_what_the_step_waits_for_comes_right_after_its_seconds():
    open_progress, log = in_log(quiet_s=0.02)
    lines = {THE_STEP: "waits for shop/cart: budget shop/cart allows 0 of 3", **WORDS}
    with open_progress as progress, progress.watching(lambda: lines):
        progress.began("drain worker")
        wait_for("a reminder", lambda: lines_of(log), lambda said: len(said) >= 2, SOON)
    said = "  drain worker, 0 s: waits for shop/cart: budget shop/cart allows 0 of 3  |  web: 50/s"
    assert lines_of(log)[1].startswith(said)


def test_between_steps_nobody_is_reminded():
    asked = threading.Event()
    open_progress, log = in_log(quiet_s=0.01)
    with open_progress as progress, progress.watching(lambda: asked.set() or WORDS):
        progress.began("create")
        assert asked.wait(30)
        progress.ended(Span("create", "create", 0.0, 1.0))
        count = len(lines_of(log))
        assert not threading.Event().wait(0.2)
        assert len(lines_of(log)) - count <= 1  # one may have begun before the step ended


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_shows_one_line_that_fits(terminal, columns):
    screen = terminal(columns)
    with (
        contextlib.closing(ConsoleProgress(screen.stream, Origin())) as progress,
        progress.watching(lambda: WORDS),
    ):
        progress.began("drain worker")
        wait_for("the step", lambda: screen.written, lambda text: "drain worker, " in text, SOON)
        progress.ended(Span("drain worker", "drain", 0.0, 31.0))
        progress.began("settle")
        wait_for("the next", lambda: screen.written, lambda text: "settle, " in text, SOON)
    screen.close()
    running = [line for line in screen.shown() if re.search(r", \d+ s  \|", line)]
    assert running
    for line in running:
        assert len(line) <= columns
        assert line.endswith("…")
    assert sum("drain worker done after 31.00 s" in line for line in screen.shown()) == 1
    assert "> drain worker" not in screen.written
    after = screen.written.partition("done after")[2]
    assert "drain worker" not in after, "a step that has ended is not shown again"
    assert screen.written.rstrip().endswith("\x1b[2K"), "the last line is removed again"
    assert screen.written.rfind("\x1b[?25h") > screen.written.rfind("\x1b[?25l"), "cursor is back"


def test_a_terminal_that_knows_no_control_codes_is_a_log(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    screen = terminal(80)
    with contextlib.closing(ConsoleProgress(screen.stream, Origin())) as progress:
        progress.began("drain worker")
    screen.close()
    assert "> drain worker" in screen.written
    assert "\x1b" not in screen.written


def test_silence_asks_nobody():
    def status_lines():
        raise AssertionError("asked")

    with Silence().watching(status_lines):
        Silence().say("nothing")
