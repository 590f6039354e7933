"""Processes: how a command is started, in a group of its own, and how that is killed."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from upgrade_e2e.errors import CommandFailed

__all__ = ["StandardStream", "kill_group", "spawn", "start"]

_log = logging.getLogger(__name__)

StandardStream = int | IO[bytes]
"""Where a command reads or writes: a file descriptor, a constant of `subprocess`, or a file."""


def start(
    argv: Sequence[str],
    source: StandardStream,
    sink: StandardStream,
    errors: int,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command that the caller waits for; raises CommandFailed where that is impossible."""
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


def kill_group(process: subprocess.Popen[bytes]) -> tuple[bytes | None, bytes | None]:
    """Kill a command with all that it started; returns what is left of both outputs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()


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
