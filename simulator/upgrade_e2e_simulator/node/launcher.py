"""Starts and signals the processes of pods, through the zygote."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upgrade_e2e_simulator.ending import end_tasks, report_crash
from upgrade_e2e_simulator.unix import listen

__all__ = ["Launcher", "PodProcess"]

_ZYGOTE = Path(__file__).parents[1] / "pod" / "zygote.py"
_SOCKET = "zygote.sock"
_CONNECT_S = 10.0
_END_S = 2.0


class PodProcess:
    """One process of a container."""

    def __init__(self, launcher: Launcher, ident: str) -> None:
        self._launcher = launcher
        self.ident = ident
        self.pid = 0
        self.code: int | None = None
        self.ended = asyncio.Event()

    async def wait(self) -> int:
        """Its exit code, once it has ended; -N when signal N ended it."""
        await self.ended.wait()
        return self.code if self.code is not None else -signal.SIGKILL

    def signal(self, number: int) -> None:
        """Send a signal; nothing when it has ended."""
        if not self.ended.is_set():
            self._launcher.order({"do": "signal", "id": self.ident, "number": number})


@dataclass(frozen=True)
class Program:
    """What to run: a `script`, `code`, `module`, `coredns` or `edge`, with its arguments."""

    run: str
    argv: tuple[str, ...]


class Launcher:
    """Talks to the zygote. `folder` takes its socket and its log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._zygote: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._processes: dict[str, PodProcess] = {}
        self._count = itertools.count(1)
        self._listening: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()

    async def start(self) -> None:
        """Start the zygote and wait until it has connected."""
        listener = listen(self._folder, _SOCKET)
        self._zygote = _start_zygote(self._folder)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_S):
                connection, _ = await loop.sock_accept(listener)
        finally:
            listener.close()
        self._reader, self._writer = await asyncio.open_unix_connection(sock=connection)
        self._listening = asyncio.create_task(self._listen(), name="launcher of pods")
        self._listening.add_done_callback(report_crash)

    async def stop(self) -> None:
        """Kill all pods and the zygote."""
        if self._writer is not None:
            self._writer.close()
        if self._listening is not None:
            await end_tasks([self._listening])
        if self._zygote is not None:
            await asyncio.to_thread(_await_end, self._zygote)

    def launch(
        self, program: Program, env: dict[str, str], cwd: str, log: Path, pod: dict[str, Any]
    ) -> PodProcess:
        """Start a process in the pod that `pod` describes (see upgrade_e2e_simulator.pod)."""
        process = PodProcess(self, str(next(self._count)))
        self._processes[process.ident] = process
        self.order(
            {
                "do": "start",
                "id": process.ident,
                "run": program.run,
                "argv": program.argv,
                "env": env,
                "cwd": cwd,
                "log": str(log),
                "pod": pod,
            }
        )
        return process

    def order(self, words: dict[str, Any]) -> None:
        """Send the zygote a message; nothing when it has gone."""
        if self._writer is not None and not self.lost.is_set():
            self._writer.write(json.dumps(words).encode() + b"\n")

    async def _listen(self) -> None:
        assert self._reader is not None  # noqa: S101 - set before this task begins
        with suppress(ConnectionError):
            while line := await self._reader.readline():
                self._hear(json.loads(line))
        self.lost.set()
        for process in self._processes.values():
            process.ended.set()

    def _hear(self, words: dict[str, Any]) -> None:
        process = self._processes[words["id"]]
        if words["say"] == "started":
            process.pid = words["pid"]
            return
        process.code = words["code"]
        process.ended.set()
        del self._processes[process.ident]


def _start_zygote(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "zygote.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(_ZYGOTE), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _await_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_END_S)
