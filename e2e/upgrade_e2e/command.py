"""The only module that runs other programs."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import selectors
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import IO

from upgrade_e2e.errors import CommandFailed, Hopeless
from upgrade_e2e.format import duration

__all__ = ["Completed", "Runner", "follow", "run", "spawn"]

_log = logging.getLogger(__name__)
_ENDS = re.compile(rb"\n")
# On a terminal a line also ends where the cursor goes elsewhere: returns and ECMA-48 sequences.
_MOVES = re.compile(rb"(?:[\r\n]|\x1b\[[0-?]*[ -/]*[@-~])+")
_LOOK_S = 0.2
"""How often a followed command looks whether it is to stop."""
_Stream = int | IO[bytes]
"""Where a command reads or writes: a file descriptor, a constant of `subprocess`, or a file."""


@dataclass(frozen=True)
class Completed:
    """A command that ended: what was run, its exit code, both outputs and its duration."""

    command: str
    returncode: int
    stdout: str
    stderr: str
    duration_s: float


@dataclass(frozen=True)
class Runner:
    """Runs commands behind a fixed prefix and environment, as `docker exec NODE` does.

    A node of the cluster is itself a Runner, so local and in-node commands look the same.
    """

    prefix: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()

    def run(
        self,
        *argv: str,
        timeout_s: float,
        check: bool = True,
        stdin: str | None = None,
        stdin_file: Path | None = None,
        stdout_file: Path | None = None,
        cwd: Path | None = None,
    ) -> Completed:
        """As `run`, behind this runner's prefix."""
        return run(
            [*self.prefix, *argv],
            timeout_s=timeout_s,
            check=check,
            stdin=stdin,
            stdin_file=stdin_file,
            stdout_file=stdout_file,
            env=dict(self.env),
            cwd=cwd,
        )

    def follow(
        self,
        *argv: str,
        on_line: Callable[[str], None],
        timeout_s: float,
        terminal: bool = False,
        stopped: threading.Event | None = None,
    ) -> Completed:
        """As `follow`, behind this runner's prefix."""
        return follow(
            [*self.prefix, *argv],
            on_line=on_line,
            timeout_s=timeout_s,
            env=dict(self.env),
            terminal=terminal,
            stopped=stopped,
        )


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    check: bool = True,
    stdin: str | None = None,
    stdin_file: Path | None = None,
    stdout_file: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Completed:
    """Run `argv` to its end and return its output.

    `env` is added to the inherited environment. `stdin` is text, `stdin_file` a file to read
    from; `stdout_file` takes stdout instead of memory. The command gets its own process group,
    so that a terminal's Ctrl-C reaches only this program, which then decides; on timeout or
    interruption the whole group is killed. Raises CommandFailed on a non-zero exit (unless
    `check` is false) and on timeout.
    """
    shown = shlex.join(argv)
    _log.debug("run: %s", shown)
    started = time.monotonic()
    with _streams(stdin, stdin_file, stdout_file) as (source, sink):
        process = _start(argv, source, sink, subprocess.PIPE, env=env, cwd=cwd)
        out, err = _outputs(process, shown, stdin, timeout_s)
    done = Completed(shown, process.returncode, out, err, time.monotonic() - started)
    return _ended(done, timeout_s, check=check)


@contextlib.contextmanager
def _streams(
    stdin: str | None, stdin_file: Path | None, stdout_file: Path | None
) -> Iterator[tuple[_Stream, _Stream]]:
    """What a command reads, and where it writes: files if there are any, which are then closed."""
    source: _Stream = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    sink: _Stream = subprocess.PIPE
    with contextlib.ExitStack() as files:
        if stdin_file is not None:
            source = files.enter_context(stdin_file.open("rb"))
        if stdout_file is not None:
            sink = files.enter_context(stdout_file.open("wb"))
        yield source, sink


def _outputs(
    process: subprocess.Popen[bytes], shown: str, stdin: str | None, timeout_s: float
) -> tuple[str, str]:
    """Both outputs of a command that has ended; on timeout or interruption its group is killed."""
    try:
        given = None if stdin is None else stdin.encode()
        out, err = process.communicate(given, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        said = "".join(_text(stream) for stream in _kill_group(process))
        raise CommandFailed(shown, None, said, timeout_s) from None
    except BaseException:
        _kill_group(process)
        raise
    return _text(out), _text(err)


def follow(
    argv: Sequence[str],
    *,
    on_line: Callable[[str], None],
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    terminal: bool = False,
    stopped: threading.Event | None = None,
) -> Completed:
    """Run `argv` to its end and hand each line that it writes to `on_line` as it comes.

    Both outputs are followed, in the order of writing, and come back as `stdout`. Groups,
    timeouts and errors are as in `run`. With `terminal` the command writes to a terminal of its
    own, so that it shows its progress; each new state of a line comes as a line, without the codes
    that move the cursor. Once `stopped` is set the command is killed, and Hopeless is raised.
    """
    shown = shlex.join(argv)
    _log.debug("follow: %s", shown)
    started = time.monotonic()
    reading, writing = os.openpty() if terminal else os.pipe()
    said: list[str] = []
    with os.fdopen(reading, "rb", buffering=0) as output:
        try:
            process = _start(argv, subprocess.DEVNULL, writing, subprocess.STDOUT, env=env)
        finally:
            os.close(writing)
        try:
            for line in _lines(output, started + timeout_s, _MOVES if terminal else _ENDS, stopped):
                said.append(f"{line}\n")
                on_line(line)
            process.wait(timeout=max(0.0, started + timeout_s - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            _kill_group(process)
            raise CommandFailed(shown, None, "".join(said), timeout_s) from None
        except BaseException:
            _kill_group(process)
            raise
    done = Completed(shown, process.returncode, "".join(said), "", time.monotonic() - started)
    return _ended(done, timeout_s)


def _ended(done: Completed, timeout_s: float, *, check: bool = True) -> Completed:
    """Log the end of a command; raises CommandFailed for a non-zero exit unless not to `check`."""
    _log.debug("exit %d after %s: %s", done.returncode, duration(done.duration_s), done.command)
    if check and done.returncode != 0:
        raise CommandFailed(done.command, done.returncode, done.stdout + done.stderr, timeout_s)
    return done


def _lines(
    output: FileIO, end: float, breaks: re.Pattern[bytes], stopped: threading.Event | None
) -> Iterator[str]:
    """Lines of a program's output until it closes; raises TimeoutError at `end`."""
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


def spawn(
    argv: Sequence[str],
    *,
    log_file: Path,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a long-running program in its own session, its output in `log_file`.

    The caller owns the process and ends it (`terminate` it, then wait).
    """
    _log.debug("spawn: %s", shlex.join(argv))
    with log_file.open("ab") as log:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )


def _start(
    argv: Sequence[str],
    source: _Stream,
    sink: _Stream,
    errors: int,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=source,
            stdout=sink,
            stderr=errors,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(shlex.join(argv), 127, f"cannot be started: {error}", 0) from error


def _kill_group(process: subprocess.Popen[bytes]) -> tuple[bytes | None, bytes | None]:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")
