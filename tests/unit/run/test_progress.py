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

from tests.emulator import Emulator
from upgrade_e2e.observers.live_status import LiveStatus
from upgrade_e2e.run import ConsoleProgress, Silence
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade.executor import THE_STEP
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(within_s=30.0, every_s=0.02)
FINE = {"web": LiveStatus(50), "dns": LiveStatus(98), "churn": LiveStatus(4, aside="9 pods")}
AWAY = {
    "api": LiveStatus(0, {"timeout": 21, "5xx": 9}),
    "dns": LiveStatus(0, silent_s=56.2),
    "web": LiveStatus(0, silent_s=56.2),
    "edge": LiveStatus(0, silent_s=56.2),
    "churn": LiveStatus(4),
}


def in_log(**settings):
    """Progress into a log, and the log."""
    log = io.StringIO()
    return contextlib.closing(ConsoleProgress(log, Origin(), **settings)), log


def lines_of(log):
    """The lines without the times in front of them."""
    return [re.sub(r"^ *\d+ s  ", "", line) for line in log.getvalue().splitlines()]


def reminders_in(log):
    """The lines of running steps."""
    return [line for line in lines_of(log) if "> " not in line]


def reminder_of(statuses, name="create", **settings):
    """The line that a log shows in a long step."""
    open_progress, log = in_log(quiet_s=0.02, **settings)
    with open_progress as progress, progress.watching(lambda: statuses):
        progress.began(name)
        wait_for("a reminder", lambda: reminders_in(log), lambda lines: lines, SOON)
        whole = log.getvalue().splitlines()[1]
    return reminders_in(log)[0], whole


class Tty:
    """A terminal of a given size, and all that was written to it."""

    def __init__(self, columns, lines=24):
        self.ours, self.theirs = os.openpty()
        self.emulator = Emulator(columns, lines)
        self.resize(columns, lines)
        self.stream = os.fdopen(self.theirs, "w", encoding="utf-8")
        self.written = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def resize(self, columns, lines=24):
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self):
        with contextlib.suppress(OSError):  # the other end was closed
            while chunk := os.read(self.ours, 1 << 16):
                self.written += chunk.decode()

    def close(self):
        if not self.stream.closed:
            self.stream.close()
            self.reader.join(timeout=10)
            os.close(self.ours)

    def wait_for(self, words):
        wait_for(words, lambda: self.written, lambda text: words in text, SOON)

    def screen(self):
        """What is seen on it after all that was written."""
        emulator = Emulator(self.emulator.columns, self.emulator.lines)
        whole = len(self.written) if self.stream.closed else self.written.rfind("\n") + 1
        emulator.feed(self.written[:whole])
        return emulator


@pytest.fixture
def terminal(monkeypatch):
    """Opens terminals of a given width."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    with contextlib.ExitStack() as opened:
        yield lambda *size: opened.enter_context(contextlib.closing(Tty(*size)))


def test_a_log_has_one_line_per_step():
    open_progress, log = in_log(prefix="v1-v2: ", steps=12)
    with open_progress as progress, progress.watching(lambda: FINE):
        progress.began("drain worker", "worker")
        progress.ended(Span("drain worker", "drain", 1.0, 125.2))
        progress.say("the logs could not be collected: [gone]")
        progress.began("settle")
        progress.ended(Span("settle", "settle", 0.0, 0.5, error="it is not ready"))
        progress.began("uncordon worker")
        progress.ended(Span("uncordon worker", "uncordon", 0.0, 0.5, error="interrupted"))
    assert lines_of(log) == [
        " 1/12  v1-v2: > drain worker",
        "v1-v2: the logs could not be collected: [gone]",
        " 2/12  v1-v2: > settle",
        " 2/12  v1-v2: settle: failed after 500 ms",
        " 3/12  v1-v2: > uncordon worker",
        " 3/12  v1-v2: uncordon worker: interrupted after 500 ms",
    ]


def test_a_log_is_not_cut_or_wrapped_and_has_no_control_codes(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as some CI systems do
    monkeypatch.setenv("COLUMNS", "20")
    open_progress, log = in_log()
    with open_progress as progress:
        progress.say("a sentence that is longer than the log is wide " * 5)
    assert len(log.getvalue().splitlines()) == 1
    assert "\x1b" not in log.getvalue()


def test_a_long_step_shows_now_and_then_in_a_log_that_all_is_fine():
    open_progress, log = in_log(quiet_s=0.02, steps=12)
    with open_progress as progress, progress.watching(lambda: FINE):
        progress.began("create")
        wait_for("two", lambda: reminders_in(log), lambda lines: len(lines) >= 2, SOON)
    assert reminders_in(log)[:2] == [" 1/12  create, 0 s; all fine"] * 2


@pytest.mark.parametrize(
    ("statuses", "name", "said"),
    [
        (AWAY, "create", "create, 0 s; api failing for 0 s; no news of 3; others fine"),
        (
            {"api": LiveStatus(0, {"timeout": 21}), **FINE},
            "drain worker",
            "drain worker, 0 s; api failing for 0 s: 21 timeout; others fine",
        ),
        (
            {f"observer-{n}": LiveStatus(0, {"refused": 9}) for n in range(9)},
            "drain worker",
            "drain worker, 0 s; 9 failing",
        ),
        (
            {"web": LiveStatus(0, silent_s=9.0)},
            "kubeadm-apply control-plane",
            "kubeadm-apply control-plane, 0 s; no news of web",
        ),
    ],
)
def test_a_log_names_what_fails_and_not_what_is_fine(statuses, name, said):
    line, whole = reminder_of(statuses, name)
    assert line == said
    assert len(whole) <= 80


def test_a_log_knows_since_when_something_fails():
    seen = []

    def statuses():
        seen.append(1)
        return {"api": LiveStatus(0, {"timeout": 21})}

    open_progress, log = in_log(quiet_s=2.5)
    with open_progress as progress, progress.watching(statuses):
        progress.began("create")
        wait_for("a reminder", lambda: reminders_in(log), lambda lines: lines, SOON)
    assert len(seen) > 1
    assert re.search("api failing for [1-9]", reminders_in(log)[0])


def test_what_the_step_waits_for_comes_right_after_its_seconds():
    waits = "waits for shop/cart: budget shop/cart allows 0 of 3"
    line, _ = reminder_of({THE_STEP: waits, **FINE}, "drain worker")
    assert line == f"drain worker, 0 s; {waits}; all fine"


def test_a_log_shows_how_far_pulls_have_come():
    line, _ = reminder_of({"kindest/node:v1.34.4": "pulled 180 of 410 MB"})
    assert line == "create, 0 s; kindest/node:v1.34.4: pulled 180 of 410 MB"


def test_between_steps_nobody_is_reminded():
    asked = threading.Event()
    open_progress, log = in_log(quiet_s=0.01)
    with open_progress as progress, progress.watching(lambda: asked.set() or FINE):
        progress.began("create")
        assert asked.wait(30)
        progress.ended(Span("create", "create", 0.0, 1.0))
        count = len(lines_of(log))
        assert not threading.Event().wait(0.2)
        assert len(lines_of(log)) - count <= 1  # one may have begun before the step ended


@pytest.mark.parametrize("columns", [120, 80, 40])
def test_a_terminal_is_redrawn_in_place_and_clean_afterwards(terminal, columns):
    tty, statuses = terminal(columns), dict(AWAY)
    with (
        contextlib.closing(ConsoleProgress(tty.stream, Origin(), steps=26)) as progress,
        progress.watching(lambda: statuses),
    ):
        progress.began("kubeadm-apply control-plane")
        tty.wait_for("failing for")
        middle = tty.screen().shown
        statuses["api"] = LiveStatus(36)
        tty.wait_for("api answers again after")
        progress.say("worker had not heard from the API server yet")
        tty.wait_for("worker had not heard")
        progress.ended(Span("kubeadm-apply control-plane", "kubeadm-apply", 0.0, 171.0))
        progress.began("drain worker")
        tty.wait_for(" 2/26  drain worker")
    tty.close()
    assert [line[:12] for line in middle] == [
        "    0 s   1/",
        "  api    fai",
        "  dns    no ",
        "  web    no ",
        "  edge   no ",
        "  churn  ok,",
    ]
    screen = tty.screen()
    assert not screen.wrapped
    assert not screen.gone
    [line] = screen.shown
    assert re.match(r" +\d+ s   1/26  kubeadm-apply control-", line)
    assert line.endswith("done in 2 min 51 s" if columns >= 80 else "…")
    assert screen.column == 0
    assert "\x1b[?" not in tty.written, "the cursor stays visible, however the process ends"


def test_a_terminal_that_becomes_narrower_is_clean_too(terminal):
    tty, emulator = terminal(120), Emulator(120, 24)
    with (
        contextlib.closing(ConsoleProgress(tty.stream, Origin(), steps=26)) as progress,
        progress.watching(lambda: {**AWAY, "kindest/node": "pulled 180 of 410 MB " * 9}),
    ):
        progress.began("kubeadm-apply control-plane")
        tty.wait_for("pulled")
        threads_pause = Span("kubeadm-apply control-plane", "kubeadm-apply", 0.0, 171.0)
        with progress._screen._lock:  # nothing is written while the terminal changes
            emulator.feed(
                wait_for("all", lambda: tty.written, lambda text: text.endswith("\n"), SOON)
            )
            before = len(tty.written)
            tty.resize(50)
            emulator.resize(50)
        progress.ended(threads_pause)
    tty.close()
    emulator.feed(tty.written[before:])
    assert not emulator.wrapped
    assert len(emulator.shown) == 1
    assert " 1/26  kubeadm-apply control-plane" in emulator.shown[0]


def test_more_observers_than_a_terminal_has_lines(terminal):
    tty = terminal(80, 8)
    many = {f"web-{n}": LiveStatus(50) for n in range(20)} | {"dns": LiveStatus(0, {"timeout": 3})}
    with (
        contextlib.closing(ConsoleProgress(tty.stream, Origin())) as progress,
        progress.watching(lambda: many),
    ):
        progress.began("drain worker")
        tty.wait_for("and 17 more")
        tty.wait_for("dns    failing")
    tty.close()
    emulator = Emulator(80, 8)
    emulator.feed(tty.written)
    assert emulator.shown == []
    assert emulator.gone == []


def test_colours_are_left_out_where_nobody_wants_them(terminal, monkeypatch):
    written = []
    for value in ("", "1"):
        monkeypatch.setenv("NO_COLOR", value)
        tty = terminal(80)
        with (
            contextlib.closing(ConsoleProgress(tty.stream, Origin())) as progress,
            progress.watching(lambda: AWAY),
        ):
            progress.began("drain worker")
            tty.wait_for("failing for")
        tty.close()
        written.append(tty.written)
    assert "\x1b[31m" in written[0]
    assert not re.search(r"\x1b\[[0-9;]*m", written[1])


def test_what_comes_from_outside_cannot_move_the_cursor(terminal):
    tty = terminal(80)
    with contextlib.closing(ConsoleProgress(tty.stream, Origin())) as progress:
        progress.say("it said \x1b[2J\x07 and ended")
    tty.close()
    assert "\x1b" not in tty.written


@pytest.mark.parametrize("why", ["dumb", "not live"])
def test_a_terminal_that_is_not_to_be_drawn_on_is_a_log(terminal, monkeypatch, why):
    if why == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    tty = terminal(80)
    progress = ConsoleProgress(tty.stream, Origin(), live=why == "dumb")
    with contextlib.closing(progress), progress.watching(lambda: FINE):
        progress.began("drain worker")
        progress.ended(Span("drain worker", "drain", 0.0, 31.0))
    tty.close()
    assert "> drain worker" in tty.written
    assert "\x1b" not in tty.written


def test_silence_asks_nobody():
    def statuses():
        raise AssertionError("asked")

    with Silence().watching(statuses):
        Silence().say("nothing")
