"""Agents as processes on loopback, for the benchmarks of the prober."""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from upgrade_e2e.agent.pack import ARCHIVE, pack
from upgrade_e2e.command import spawn
from upgrade_e2e.observers.link import LocalLink, get_json
from upgrade_e2e.observers.spool import Segment, fetch_segments
from upgrade_e2e.wait import Deadline, wait_for

TOKEN = secrets.token_urlsafe(16)


@contextlib.contextmanager
def agent(folder: Path, name: str, *options: str) -> Iterator[LocalLink]:
    """Run one agent until the end of the block; that of `folder`, if it has one already."""
    ready = folder / f"{name}.json"
    ready.unlink(missing_ok=True)
    archive = folder / ARCHIVE
    if not archive.exists():
        archive.write_bytes(pack())
    argv = [sys.executable, "-I", "-S", str(archive), *options, f"--ready-file={ready}"]
    process = spawn(argv, log_file=folder / f"{name}.log")
    try:
        wait_for(f"{name} to listen", ready.exists, bool, Deadline(30.0, every_s=0.05))
        yield LocalLink(json.loads(ready.read_text())["port"], TOKEN)
    finally:
        process.terminate()
        with contextlib.suppress(TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


@contextlib.contextmanager
def workload(folder: Path) -> Iterator[LocalLink]:
    """A web service in which outages may be planted."""
    with agent(folder, "serve", "serve", "--bind=127.0.0.1:0", "--plantable") as link:
        yield link


@contextlib.contextmanager
def prober(
    folder: Path, run: str, streams: list[dict[str, Any]], priority: str = "rr"
) -> Iterator[LocalLink]:
    """A prober of `streams`; wait for the first answers before the block begins."""
    spec = folder / f"{run}.json"
    spec.write_text(json.dumps({"run": run, "token": TOKEN, "streams": streams}))
    options = [f"--spec={spec}", f"--spool={folder / 'spool'}", f"--priority={priority}"]
    with agent(folder, f"probe-{run}", "probe", "--listen=127.0.0.1:0", *options) as link:
        wait_for("the first answers", lambda: answering(link), bool, Deadline(30.0, every_s=0.1))
        yield link


def answering(link: LocalLink) -> bool:
    """True when all streams have succeeded in the last second."""
    streams = get_json(link, "/status")["streams"].values()
    return all(stream["last_second"].get("ok") for stream in streams)


def web_stream(link: LocalLink, rate_hz: float, connection: str) -> dict[str, Any]:
    """An http stream of the workload."""
    return {
        "observer": "web",
        "name": connection,
        "kind": "http",
        "interval_s": 1 / rate_hz,
        "timeout_s": 2.0,
        "connection": connection,
        "url": f"http://127.0.0.1:{link.port}/",
        "body_has": '"pod"',
    }


def dns_stream(port: int, name: str, rate_hz: float, **settings: Any) -> dict[str, Any]:
    """A dns stream of a server on this machine."""
    facts = {"observer": "dns", "name": name, "kind": "dns", "connection": "new"}
    times = {"interval_s": 1 / rate_hz, "timeout_s": 2.0}
    return {**facts, **times, "server": f"127.0.0.1:{port}", **settings}


def pid_of(folder: Path, name: str) -> int:
    """The process of the agent that runs under `name`."""
    return int(json.loads((folder / f"{name}.json").read_text())["pid"])


def stopped(link: LocalLink) -> Segment:
    """Stop a prober and take all that it has seen."""
    link.request("POST", "/stop", timeout_s=30.0)
    (segment,) = fetch_segments(link)
    return segment
