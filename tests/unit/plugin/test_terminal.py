"""A whole session on a pseudo-terminal of 80 x 24, and where nothing may be drawn."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass

import pytest

from tests.emulator import Emulator
from tests.unit.plugin.conftest import REPOSITORY
from tests.unit.plugin.sessions import PASS_OPTIONS, QUIET, scenarios
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(within_s=60.0, every_s=0.02)
STEP = re.compile(r" +\d+ s   ?\d+/\d+  \S.*: (?:done in|failed after|interrupted after) ")
OURS = re.compile(r" +\d+ s  |  \S")
CONFTEST = """
import time
import upgrade_e2e.run.judged as judged
from tests.unit.run.fake_provider import FakeProvider
from upgrade_e2e.errors import E2eError

class SlowDrains(FakeProvider):
    def perform(self, step, cluster):
        if step.kind == "drain":
            time.sleep({drain_s})
        super().perform(step, cluster)

FAILURES = {{"uncordon worker": E2eError("it is not found")}} if {fails} else {{}}
judged.make_provider = lambda settings, folder: SlowDrains(folder, FAILURES)
"""
CLAIMS = scenarios("""
@pytest.mark.observes(HEART)
def test_beats(upgraded):
    assert upgraded.saw(HEART).failures == 0

def test_is_there(upgraded):
    pass
""")


@dataclass
class Watched:
    """A session on a terminal, and what it has written so far."""

    process: subprocess.Popen[bytes]
    ours: int
    written: str = ""

    def read(self):
        with contextlib.suppress(OSError):  # the other end was closed
            while chunk := os.read(self.ours, 1 << 16):
                self.written += chunk.decode(errors="replace")

    def wait_for(self, words):
        wait_for(words, lambda: self.written, lambda text: words in text, SOON)


@pytest.fixture
def begin(pytester, monkeypatch):
    """Begins sessions; `redirected` are the streams that go into a pipe."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PY_COLORS", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    pytester.makepyfile(test_claims=CLAIMS)
    with contextlib.ExitStack() as ended:

        def begin_(*words, fails=False, drain_s=1.2, **redirected):
            pytester.makeconftest(CONFTEST.format(fails=fails, drain_s=drain_s))
            ours, theirs = os.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs, **redirected}
            argv = [sys.executable, "-m", "pytest", *QUIET, *PASS_OPTIONS, *words]
            process = subprocess.Popen(argv, cwd=pytester.path, start_new_session=True, **streams)
            os.close(theirs)
            ended.callback(os.close, ours)
            ended.callback(process.wait)
            ended.callback(process.kill)
            watched = Watched(process, ours)
            reader = threading.Thread(target=watched.read, daemon=True)
            reader.start()
            ended.callback(reader.join, 10)
            return watched

        yield begin_


def seen_at_the_end(watched):
    """The terminal after the session, once all is read."""
    watched.process.wait(timeout=60)
    before = -1
    while before != len(watched.written):
        before = len(watched.written)
        time.sleep(0.2)
    emulator = Emulator(80, 24)
    emulator.feed(watched.written)
    return emulator


def is_clean(emulator):
    """One finished line for each step, nothing of the view, and nothing that is too long."""
    steps = [line for line in emulator.shown if STEP.match(line)]
    assert steps
    assert len({re.sub(r"^ +\d+ s", "", line) for line in steps}) == len(steps)
    view = [
        line for line in emulator.shown if re.match(r"  (?:heart|last:) |.*/\d+  drain \S+, ", line)
    ]
    assert not view
    assert not [line for line in emulator.wrapped if OURS.match(line)]
    return steps


def test_a_pass_leaves_one_line_per_step(begin):
    watched = begin()
    emulator = seen_at_the_end(watched)
    assert watched.process.returncode == 0
    steps = is_clean(emulator)
    last, of = re.search(r"(\d+)/(\d+)  inspect", steps[-1]).groups()
    assert last == of == str(len(steps))
    assert re.search(r"/\d+  drain worker, \d s", watched.written), "the running step is shown"
    assert "heart" in watched.written
    assert emulator.shown[-1].startswith("SIMULATED")
    assert re.fullmatch(
        r"test_claims.py \.\. +\[100%\]",
        next(line for line in emulator.shown if line.startswith("test_claims.py .")),
    )


def test_a_pass_whose_step_fails_leaves_the_terminal_clean(begin):
    watched = begin(fails=True)
    emulator = seen_at_the_end(watched)
    steps = is_clean(emulator)
    assert any("uncordon worker: failed after" in line for line in steps)
    assert any("it is not found" in line for line in emulator.shown)


def test_an_interrupted_pass_leaves_the_terminal_clean(begin):
    watched = begin(drain_s=60)
    watched.wait_for("drain control-plane, 1 s")
    os.kill(watched.process.pid, signal.SIGINT)
    emulator = seen_at_the_end(watched)
    assert watched.process.returncode == pytest.ExitCode.INTERRUPTED
    steps = is_clean(emulator)
    assert "drain control-plane: interrupted after" in steps[-1]


@pytest.mark.parametrize("words", [("-s",), ("-p", "no:terminal"), ("-n", "1")])
def test_nothing_is_drawn_where_others_write(begin, words):
    watched = begin(*words, drain_s=0.6)
    emulator = seen_at_the_end(watched)
    assert not re.search(r"\x1b\[\d*[AJ]", watched.written)
    assert not [line for line in emulator.shown if re.match(r"  heart ", line)]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_into_a_file_has_no_control_codes(begin, stream):
    watched = begin(drain_s=0.6, **{stream: subprocess.PIPE})
    with getattr(watched.process, stream) as pipe:
        piped = pipe.read().decode()
    seen_at_the_end(watched)
    assert not re.search(r"\x1b\[\d*[AJ]", piped + watched.written)


def test_in_a_log_each_step_has_a_line_of_its_own(begin):
    watched = begin(drain_s=0, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with watched.process.stdout as pipe:
        log = pipe.read().decode()
    assert "\x1b" not in log
    lines = log.splitlines()
    steps = [line for line in lines if " > " in line]
    assert len(steps) > 5
    begun = re.compile(r" +\d+ s   ?\d+/\d+  > \S")
    assert all(begun.match(line) and len(line) <= 80 for line in steps)
    assert next(line for line in lines if line.startswith("test_claims.py .."))
