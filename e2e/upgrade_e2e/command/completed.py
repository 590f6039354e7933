"""What a command leaves that has ended."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.format import duration

__all__ = ["Completed", "ended"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Completed:
    """A command that ended: what was run, its exit code, both outputs and its duration."""

    command: str
    returncode: int
    stdout: str
    stderr: str
    duration_s: float


def ended(done: Completed, timeout_s: float, *, check: bool = True) -> Completed:
    """Log the end of a command; raises CommandFailed for a non-zero exit unless not to `check`."""
    _log.debug("exit %d after %s: %s", done.returncode, duration(done.duration_s), done.command)
    if check and done.returncode != 0:
        raise CommandFailed(done.command, done.returncode, done.stdout + done.stderr, timeout_s)
    return done
