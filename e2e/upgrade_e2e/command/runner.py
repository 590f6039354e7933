"""Commands behind a fixed prefix, as those that run in a node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.command.completed import Completed
from upgrade_e2e.command.following import follow
from upgrade_e2e.command.running import run

__all__ = ["Runner"]


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
