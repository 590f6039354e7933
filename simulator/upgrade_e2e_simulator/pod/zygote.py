"""Forks the processes of pods, so that a pod starts in milliseconds. One for each simulator.

It gets JSON lines over a Unix socket: `start`, `signal`; it answers `started`
and `ended`. When the simulator goes, the socket closes, and all pods are killed; when this
process is killed itself, the kernel kills the pods (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from upgrade_e2e_simulator.pod.child import become
from upgrade_e2e_simulator.pod.priority import raise_group

_PRELOADED = ("argparse", "asyncio", "http.client", "random", "ssl", "urllib.parse")
_PR_SET_PDEATHSIG = 1
_READ = 1 << 20
_LIBC = ctypes.CDLL(None)


class Zygote:
    """The loop: requests from the simulator in, ends of children out."""

    def __init__(self, simulator: socket.socket) -> None:
        self._simulator = simulator
        self._rest = b""
        self._pids: dict[str, int] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._own = os.getpid()

    def run(self) -> None:
        """Until the simulator goes."""
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_out.fileno())
        self._selector.register(self._simulator, selectors.EVENT_READ)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake_in:
                    self._wake_in.recv(4096)
                elif not self._read():
                    return
            self._reap()

    def kill_all(self) -> None:
        """End every child at once."""
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)

    def _read(self) -> bool:
        data = self._simulator.recv(_READ)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))
        return bool(data)

    def _obey(self, order: dict[str, Any]) -> None:
        if order["do"] == "start":
            self._start(order)
        elif order["id"] in self._pids:
            os.kill(self._pids[order["id"]], order["number"])

    def _start(self, order: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            self._become(order)
        self._pids[order["id"]] = pid
        self._say({"say": "started", "id": order["id"], "pid": pid})

    def _become(self, order: dict[str, Any]) -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._own:
            os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for open_socket in (self._simulator, self._wake_in, self._wake_out):
            open_socket.close()
        become(order)

    def _reap(self) -> None:
        while self._pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            ended = next(name for name, known in self._pids.items() if known == pid)
            del self._pids[ended]
            code = os.waitstatus_to_exitcode(status)
            self._say({"say": "ended", "id": ended, "code": code})

    def _say(self, words: dict[str, Any]) -> None:
        self._simulator.sendall(json.dumps(words).encode() + b"\n")


def connect(folder: str) -> socket.socket:
    """The simulator's socket in `folder`; by a descriptor, because socket paths must be short."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        simulator = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        simulator.connect(f"/proc/self/fd/{handle}/zygote.sock")
    finally:
        os.close(handle)
    return simulator


def main() -> None:
    """`zygote.py FOLDER`: serve the simulator whose socket is in FOLDER."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    raise_group()
    zygote = Zygote(connect(sys.argv[1]))
    for name in _PRELOADED:
        __import__(name)
    gc.collect()
    gc.freeze()
    try:
        zygote.run()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the simulator has gone, which is the other way to end
    finally:
        zygote.kill_all()


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2])]
    main()
