"""Runs the agent for real, as a process on loopback, against targets that misbehave for real."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Any

import numpy as np
import urllib3

from upgrade_e2e.agent.layout import TOKEN_HEADER
from upgrade_e2e.agent.pack import ARCHIVE, pack
from upgrade_e2e.command import spawn
from upgrade_e2e.observers.link import LocalLink
from upgrade_e2e.observers.spool import RECORD, Segment, fetch_segments
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(60.0, every_s=0.05)
TOKEN = secrets.token_urlsafe(16)
"""What the probers of this rig are given, unless a test gives another."""


@dataclass
class Agent:
    """One agent process and a client of what it serves."""

    process: Popen[bytes]
    port: int
    token: str = TOKEN
    pool: urllib3.HTTPConnectionPool = field(init=False)

    def __post_init__(self) -> None:
        self.pool = urllib3.HTTPConnectionPool(
            "127.0.0.1", self.port, retries=False, timeout=10, headers={TOKEN_HEADER: self.token}
        )

    def get(self, path: str) -> Any:
        return json.loads(self.pool.request("GET", path).data)

    def post(self, path: str) -> Any:
        return json.loads(self.pool.request("POST", path).data)

    def end(self, number: int = signal.SIGKILL) -> int:
        self.pool.close()
        self.process.send_signal(number)
        return self.process.wait(15)


class Rig:
    """Starts agents in one folder and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.agents: list[Agent] = []
        self.archive = folder / ARCHIVE
        self.archive.write_bytes(pack())

    def start(self, command: str, *options: str, token: str = TOKEN) -> Agent:
        ready = self.folder / f"ready-{len(self.agents)}.json"
        agent_argv = [sys.executable, "-I", "-S", str(self.archive)]
        argv = [*agent_argv, command, f"--ready-file={ready}", *options]
        log = self.folder / "agent.log"
        process = spawn(argv, log_file=log)
        agent = Agent(process, 0, token)
        self.agents.append(agent)
        wait_for(
            "the agent to listen",
            ready.exists,
            bool,
            SOON,
            hopeless=lambda _: None if process.poll() is None else f"it ended: {log.read_text()}",
        )
        agent.port = json.loads(ready.read_text())["port"]
        agent.__post_init__()
        return agent

    def serve(self, *options: str) -> Agent:
        return self.start("serve", "--bind=127.0.0.1:0", "--plantable", *options)

    def probe(
        self,
        *streams: dict[str, Any],
        run: str = "run",
        token: str = TOKEN,
        owner_pid: int = 0,
    ) -> Agent:
        spec = self.folder / "spec.json"
        spec.write_text(json.dumps({"run": run, "token": token, "streams": list(streams)}))
        spool = f"--spool={self.folder / 'spool'}"
        return self.start(
            "probe", f"--spec={spec}", spool, "--listen=127.0.0.1:0", "--priority=none",
            f"--owner-pid={owner_pid}", token=token,
        )  # fmt: skip

    def on_disk(self, key: str) -> Any:
        """The records of a stream that are written down."""
        data = b"".join(f.read_bytes() for f in (self.folder / "spool").glob(f"*/*/{key}.rec"))
        return np.frombuffer(data[: len(data) // RECORD.itemsize * RECORD.itemsize], RECORD)

    def close(self) -> None:
        for agent in self.agents:
            if agent.process.poll() is None:
                with contextlib.suppress(TimeoutExpired):
                    agent.end()


def http(port: int, name: str = "s", **settings: Any) -> dict[str, Any]:
    """An http stream towards a port of this machine."""
    facts = {"observer": "web", "name": name, "kind": "http", "interval_s": 0.01, "timeout_s": 10}
    return {**facts, "url": f"http://127.0.0.1:{port}/", "connection": "new", **settings}


def outcomes(prober: Agent, key: str = "web.s") -> dict[str, int]:
    """How many probes of a stream ended how, so far.

    Without `not-sent`, which is no answer: on a busy machine the prober may be late at any time.
    """
    seen = dict(prober.get("/status")["streams"][key]["outcomes"])
    seen.pop("not-sent", None)
    return seen


def await_outcome(prober: Agent, label: str, key: str = "web.s", count: int = 5) -> dict[str, int]:
    """Wait for some probes that ended with `label`; returns all outcomes until then."""
    return wait_for(
        f"{count} x {label}",
        lambda: outcomes(prober, key),
        lambda seen: seen.get(label, 0) >= count,
        SOON,
    )


def collect(prober: Agent) -> Segment:
    """Stop a prober and fetch what it kept."""
    assert prober.post("/stop") == {"stopped": True}
    (segment,) = fetch_segments(LocalLink(prober.port, prober.token))
    return segment


def labels_of(segment: Segment, key: str = "web.s") -> list[str]:
    """The outcomes of a stream's records, in order of completion."""
    return [segment.outcomes[index] for index in segment.records[key]["outcome"]]


def answers_of(segment: Segment, key: str = "web.s") -> set[str]:
    """The kinds of outcome among a stream's records, but `not-sent` (see `outcomes`)."""
    return set(labels_of(segment, key)) - {"not-sent"}


def sent_records(segment: Segment, key: str = "web.s") -> Any:
    """The records of the probes that were sent."""
    return segment.records[key][np.array(labels_of(segment, key)) != "not-sent"]


def intended(segment: Segment, key: str = "web.s") -> Any:
    """The intended times of a stream in microseconds, sorted."""
    return np.sort(segment.records[key]["intended_us"])


Handler = Callable[[socket.socket], None]


@contextlib.contextmanager
def misbehaving(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A TCP server that hands every connection to `handler`; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    held: list[socket.socket] = []

    def run() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            held.append(peer)
            with contextlib.suppress(OSError):
                handler(peer if tls is None else tls.wrap_socket(peer, server_side=True))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for peer in held:
            peer.close()


def send_and_close(data: bytes) -> Handler:
    """Answer a request with `data` and close in good order."""

    def handle(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)

    return handle


def send_and_reset(data: bytes) -> Handler:
    """Answer a request with `data`, then RST."""

    def handle(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(data)
        time.sleep(0.02)  # lets the data go out before the RST, which would overtake it
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    return handle


def silent(peer: socket.socket) -> None:
    """Read and never answer."""
    peer.recv(4096)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
