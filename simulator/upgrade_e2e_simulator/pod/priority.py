"""The priority of a session, and that of a process."""

from __future__ import annotations

import os

__all__ = ["raise_group"]

_GROUP = "/proc/self/autogroup"


def raise_group() -> None:
    """Give this session the priority that this process has.

    Linux shares cores among sessions first (sched(7), autogroup), so a process's own priority
    counts only within its session. Nothing where that is switched off or not allowed.
    """
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        with open(_GROUP, "w", encoding="ascii") as group:  # noqa: PTH123 - before paths are mapped
            group.write(str(nice))
    except OSError:
        return
