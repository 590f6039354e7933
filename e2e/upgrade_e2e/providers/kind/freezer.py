"""Stopping and thawing: programs of a node, and what was left frozen and cannot be killed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from upgrade_e2e.command import Runner

__all__ = ["FREEZER", "stop_runtime", "stopped", "thaw", "thaw_runtime"]

FREEZER = Path("/sys/fs/cgroup/freezer")
"""Where cgroup v1 keeps what is frozen."""
_STATE = "freezer.state"
_RUNTIME = "containerd"


@contextlib.contextmanager
def stopped(runner: Runner, program: str) -> Iterator[None]:
    """All processes of a program on a node stop (SIGSTOP), and go on however the block ends.

    Raises CommandFailed where none runs.
    """
    try:
        runner.run(*_signal("STOP", program), timeout_s=30)
        yield
    finally:
        runner.run(*_signal("CONT", program), timeout_s=30)


def stop_runtime(runner: Runner) -> None:
    """Stop the container runtime of a node; raises CommandFailed where there is none."""
    runner.run(*_signal("STOP", _RUNTIME), timeout_s=30)


def thaw_runtime(runner: Runner) -> None:
    """Let the container runtime of a node go on; one that never was stopped does not notice.

    Raises CommandFailed where there is none.
    """
    runner.run(*_signal("CONT", _RUNTIME), timeout_s=30)


def _signal(name: str, program: str) -> tuple[str, ...]:
    return ("pkill", "--signal", name, "--exact", program)


def thaw(container_ids: Iterable[str], root: Path = FREEZER) -> int:
    """Thaw all frozen cgroups below these containers; returns how many there were.

    runc freezes a container's cgroup while it changes it. A runc that is killed in that moment
    leaves it frozen, and a frozen process cannot die, so its node cannot be removed either:
    `docker rm --force` then fails with "did not receive an exit event" for ever. Without this
    hierarchy, or without the right to write to it, nothing is done, and docker reports the error.
    """
    wanted, thawed = set(container_ids), 0
    # os.walk passes over folders that go away meanwhile, as those of other containers do.
    for folder, _, files in os.walk(root):
        if _STATE not in files or wanted.isdisjoint(Path(folder).relative_to(root).parts):
            continue
        state = Path(folder, _STATE)
        with contextlib.suppress(OSError):
            if state.read_text(encoding="ascii").strip() in {"FROZEN", "FREEZING"}:
                state.write_text("THAWED", encoding="ascii")
                thawed += 1
    return thawed
