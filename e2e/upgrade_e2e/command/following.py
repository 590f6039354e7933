"""Following what a command writes, line by line, while it runs."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from upgrade_e2e.command.completed import Completed, ended
from upgrade_e2e.command.lines import written_lines
from upgrade_e2e.command.process import kill_group, start
from upgrade_e2e.errors import CommandFailed

__all__ = ["follow"]

_log = logging.getLogger(__name__)


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
            process = start(argv, subprocess.DEVNULL, writing, subprocess.STDOUT, env=env)
        finally:
            os.close(writing)
        try:
            for line in written_lines(
                output, started + timeout_s, terminal=terminal, stopped=stopped
            ):
                said.append(f"{line}\n")
                on_line(line)
            process.wait(timeout=max(0.0, started + timeout_s - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            kill_group(process)
            raise CommandFailed(shown, None, "".join(said), timeout_s) from None
        except BaseException:
            kill_group(process)
            raise
    done = Completed(shown, process.returncode, "".join(said), "", time.monotonic() - started)
    return ended(done, timeout_s)
