"""Who owns a thing: a process, named so that it cannot be mistaken for a later one."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Owner"]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PROC = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """A process, named so that no later process can be taken for it.

    `started_ticks` is its start in clock ticks since boot (field 22 of /proc/PID/stat): unlike a
    wall time it does not move when the clock is set. `host` is the name of the machine or
    container, since a pid means nothing in another one.
    """

    pid: int
    started_ticks: int
    boot_id: str
    host: str

    @classmethod
    def this_process(cls) -> Owner:
        """The process that asks."""
        pid = os.getpid()
        return cls(pid, _started_ticks(pid) or 0, _boot_id(), socket.gethostname())

    @property
    def is_elsewhere(self) -> bool:
        """True for a process of another host or container: its state cannot be read from here."""
        return self.host != socket.gethostname()

    @property
    def is_dead(self) -> bool:
        """True when the process is surely gone: it ended, or the machine was restarted."""
        if self.is_elsewhere:
            return False
        return self.boot_id != _boot_id() or _started_ticks(self.pid) != self.started_ticks


def _boot_id() -> str:
    return BOOT_ID.read_text(encoding="ascii").strip()


def _started_ticks(pid: int) -> int | None:
    """When the process started, in ticks since boot; None when it is gone or only a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, even parentheses: fields begin after the last.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])
