"""A run that goes on while a test watches it, and the processes that it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

TOOL = str(Path(sys.executable).with_name("upgrade-e2e"))
WITHIN_S = 240
ONE_WORKER = ("--workers", "1", "--scenario", "upgrade_path")


@dataclass(frozen=True)
class Run:
    """A run over simulated clusters, in a folder of its own.

    `choice` says on what cluster and which scenarios: one worker and one file unless it is given.
    """

    folder: Path
    choice: tuple[str, ...] = ONE_WORKER

    @contextmanager
    def started(self, *words: str, **popen) -> Iterator[subprocess.Popen[bytes]]:
        """The running process, in a group of its own; it is ended when the context ends."""
        argv = [TOOL, "run", "--provider", "sim", *self.choice, *words]
        with (
            (self.folder / "output").open("wb") as output,
            subprocess.Popen(
                argv,
                cwd=self.folder,
                env={**os.environ, "XDG_STATE_HOME": str(self.folder / "state")},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **popen,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()

    def output(self) -> str:
        """What it has printed so far."""
        return (self.folder / "output").read_text()

    def record(self, path: str = "") -> dict:
        """run.json of the run, or of one of its paths."""
        return json.loads((self.folder / "artifacts" / path / "run.json").read_text())

    def wait_for(self, text: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until it has printed `text`; its end without that is a failure."""
        end = time.monotonic() + WITHIN_S
        while text not in self.output():
            gone = process.poll() is not None and text not in self.output()
            assert not gone, self.output()
            assert time.monotonic() < end, self.output()
            time.sleep(0.05)

    def sweep(self) -> str:
        """What `upgrade-e2e sweep` says of what this run left."""
        env = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}
        done = subprocess.run(
            [TOOL, "sweep"], env=env, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout


def processes_in(folder: Path) -> list[psutil.Process]:
    """All processes that work in `folder`, or have a file of it on their command lines."""
    found = psutil.process_iter(["cmdline", "cwd", "status"])
    return [process for process in found if _is_in(process, folder)]


def _is_in(process: psutil.Process, folder: Path) -> bool:
    info = process.info
    if process.pid == os.getpid() or info["status"] == psutil.STATUS_ZOMBIE:
        return False
    words = (info["cwd"] or "", *(info["cmdline"] or ()))
    return any(str(folder) in word for word in words)


def wait_until_gone(folder: Path, within_s: float) -> float:
    """Wait until no process is left in `folder`; the seconds that it took."""
    began = time.monotonic()
    while left := processes_in(folder):
        assert time.monotonic() < began + within_s, [process.info for process in left]
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def leaving_no_process(folder: Path, within_s: float = 20.0) -> Iterator[None]:
    """No process that works in this folder is there afterwards."""
    yield
    wait_until_gone(folder, within_s)


def ignore_interrupts() -> None:
    """Begin as a shell's background jobs do: with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
