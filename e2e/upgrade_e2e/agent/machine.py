"""Priority, limits and lifetime of this process, and work on its event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import resource
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

_tasks: set[asyncio.Task[Any]] = set()


def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Run `work` next to everything else; the event loop alone would not keep it alive."""
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


def rss_bytes() -> int:
    """Resident memory of this process."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def raise_priority(wish: str) -> None:
    """Try to be on time on starved cores: real time if the machine allows it, else nice.

    Real time also needs a real-time share of the control group. Where groups have none (cgroup v1
    with real-time group scheduling), it may get one later.
    """
    if wish == "rr":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
            return
    if wish in {"rr", "nice"}:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, -15)


def priority() -> str:
    """The scheduling priority of this process now: `rr 1`, `nice -15` or `none`."""
    if os.sched_getscheduler(0) == os.SCHED_RR:
        return f"rr {os.sched_getparam(0).sched_priority}"
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    return f"nice {nice}" if nice else "none"


def raise_limits() -> None:
    """As many open sockets as are allowed: probes that time out keep theirs for a while."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def tune_gc() -> None:
    """No garbage collection in the middle of a probe: `Prober` collects between probes."""
    gc.collect()
    gc.freeze()
    gc.disable()


def write_ready(path: str, port: int) -> None:
    """Show a parent process where we listen, by a file that is complete or absent."""
    if path:
        part = Path(path + ".part")
        part.write_text(json.dumps({"port": port, "pid": os.getpid()}))
        part.replace(path)


def end_with(pid: int, ended: asyncio.Event) -> None:
    """Set `ended` when the process `pid` has ended, for any reason; 0 is no process."""
    if not pid:
        return
    try:
        owner = os.pidfd_open(pid)
    except ProcessLookupError:
        ended.set()
    else:
        asyncio.get_running_loop().add_reader(owner, ended.set)
