"""Running a command to its end."""

from __future__ import annotations

import contextlib
import logging
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from upgrade_e2e.command.completed import Completed, ended
from upgrade_e2e.command.process import StandardStream, kill_group, start
from upgrade_e2e.errors import CommandFailed

__all__ = ["run"]

_log = logging.getLogger(__name__)


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
        process = start(argv, source, sink, subprocess.PIPE, env=env, cwd=cwd)
        out, err = _outputs(process, shown, stdin, timeout_s)
    done = Completed(shown, process.returncode, out, err, time.monotonic() - started)
    return ended(done, timeout_s, check=check)


@contextlib.contextmanager
def _streams(
    stdin: str | None, stdin_file: Path | None, stdout_file: Path | None
) -> Iterator[tuple[StandardStream, StandardStream]]:
    """What a command reads, and where it writes: files if there are any, which are then closed."""
    source: StandardStream = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    sink: StandardStream = subprocess.PIPE
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
        said = "".join(_text(stream) for stream in kill_group(process))
        raise CommandFailed(shown, None, said, timeout_s) from None
    except BaseException:
        kill_group(process)
        raise
    return _text(out), _text(err)


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")
