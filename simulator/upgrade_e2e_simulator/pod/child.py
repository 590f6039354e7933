"""What a fork becomes: the process of a container."""

from __future__ import annotations

import os
import runpy
import signal
import sys
import traceback
from typing import Any

from upgrade_e2e_simulator.pod import coredns, edge, files, sockets
from upgrade_e2e_simulator.pod.priority import raise_group

__all__ = ["become"]

_PROGRAMS = {"coredns": coredns.main, "edge": edge.main}


def become(order: dict[str, Any]) -> None:
    """Never returns: run the container's program and end with its exit code."""
    code = 1
    try:
        _prepare(order)
        _run(order["run"], order["argv"], files.Mounts(order["pod"]["mounts"]))
        code = 0
    except SystemExit as end:
        code = _code_of(end)
    except BaseException:  # noqa: BLE001 - the last frame of a process: print, then end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _code_of(end: SystemExit) -> int:
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    print(end.code, file=sys.stderr)
    return 1


def _prepare(order: dict[str, Any]) -> None:
    os.setsid()
    raise_group()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for handle in (log, null):
        os.close(handle)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sockets.install(order["pod"])
    files.install(files.Mounts(order["pod"]["mounts"]))


def _run(kind: str, argv: list[str], mounts: files.Mounts) -> None:
    if kind in _PROGRAMS:
        _PROGRAMS[kind](argv)
        return
    script, *given = argv
    sys.argv = [script, *given]
    if kind == "code":
        exec(compile(script, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
    elif kind == "module":
        runpy.run_module(script, run_name="__main__", alter_sys=True)
    else:
        path = mounts.outside(script)
        sys.path[0] = os.path.dirname(path)  # noqa: PTH120 - pathlib is mapped by now
        runpy.run_path(path, run_name="__main__")
