"""What probing costs: CPU milliseconds for a thousand probes of each kind, at both ends.

    python -m benchmarks.prober_cost [--seconds 10] [--rounds 3] [--agent FOLDER]

Servers on loopback: the workload server, and for DNS and the API those of the unit tests, whose own
cost is not shown. A probe of the edge is a `web new` for the prober, so it has no row. The last row
is a whole node at the rates of scenarios/. The prober has real-time priority where it may, so that
a busy machine does not serve several slots in one wake-up, which would look cheap. Each figure is
the median of the rounds. With --agent the agent of another checkout takes turns with this one.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.prober_rig import dns_stream, pid_of, prober, stopped, web_stream, workload
from tests.unit.agent.canary_server import Canary, canary_server
from tests.unit.agent.name_server import name_server
from upgrade_e2e.agent.pack import ARCHIVE, pack
from upgrade_e2e.observers.link import LocalLink, get_json

RATE_HZ = 100
NAME = "kubernetes.default.svc.cluster.local"
SEARCH = ["upgrade-e2e.svc.cluster.local", "svc.cluster.local", "cluster.local"]
COLUMNS = ("probes", "agent", "samples", "not ok", "prober ms/1000", "server ms/1000", "prober %")


@dataclass(frozen=True)
class Servers:
    """What is probed: the workload server, and the ports of a DNS server and an API."""

    web: LocalLink
    web_pid: int
    dns_port: int
    api_port: int


@dataclass(frozen=True)
class Case:
    """The streams of one row."""

    name: str
    streams: list[dict[str, Any]]


@dataclass(frozen=True)
class Round:
    """What one round gave."""

    samples: int
    failed: int
    prober_s: float
    server_s: float
    took_s: float


def cases(servers: Servers) -> list[Case]:
    """All rows."""

    def web(connection: str, rate_hz: float = RATE_HZ, name: str = "") -> dict[str, Any]:
        return {**web_stream(servers.web, rate_hz, connection), "name": name or connection}

    def dns(name: str, rate_hz: float = RATE_HZ, **settings: Any) -> dict[str, Any]:
        return dns_stream(servers.dns_port, name, rate_hz, **{"qname": NAME, **settings})

    search = {"kind": "dns-search", "qname": "kubernetes.default", "search": SEARCH, "ndots": 5}
    sides = [
        dns("aaaa", 10, qtype="AAAA", expect="noerror"),
        dns("search", 10, **search),
        dns("nxdomain", 10, qname=f"absent.{NAME}", expect="nxdomain"),
        dns("reused", 20, connection="reused"),
    ]
    node = [web("new", 50), web("reused", 50), web("new", 20, "edge"), dns("a", 50), *sides]
    return [
        Case("nothing", [web("new", 0.9)]),
        Case("web new", [web("new")]),
        Case("web reused", [web("reused")]),
        Case("dns new", [dns("a")]),
        Case("dns reused", [dns("reused", connection="reused")]),
        Case("dns search", [dns("search", **search)]),
        Case("api write", api_streams(servers.api_port)[:1]),
        Case("api write and watch", api_streams(servers.api_port)),
        Case("a node", node),
    ]


def api_streams(port: int) -> list[dict[str, Any]]:
    """Writes of one ConfigMap, and the watch that is paired with them."""
    url = f"http://127.0.0.1:{port}/api/v1/namespaces/x/configmaps"
    shared = {"observer": "api", "timeout_s": 5.0}
    write = {
        **shared,
        "name": "write",
        "kind": "http",
        "interval_s": 1 / RATE_HZ,
        "url": f"{url}/canary",
        "connection": "reused",
        "method": "PATCH",
        "body": '{"data": {"seq": "{seq}"}}',
        "headers": {"Content-Type": "application/merge-patch+json"},
    }
    settings = {"url": url, "object": "canary", "writer": "write", "interval_s": 0.0}
    return [write, {**shared, "name": "watch", "kind": "watch", **settings}]


@contextmanager
def all_servers(folder: Path) -> Iterator[Servers]:
    """Start what is probed."""
    known = frozenset({NAME})
    with ExitStack() as stack:
        web = stack.enter_context(workload(folder))
        dns_port = stack.enter_context(name_server(known))
        api_port = stack.enter_context(canary_server(Canary()))
        yield Servers(web, pid_of(folder, "serve"), dns_port, api_port)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used so far."""
    nanoseconds, _, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(nanoseconds) / 1e9


def measure(folder: Path, case: Case, servers: Servers, seconds: float) -> Round:
    """Probe for a while."""
    run = f"cost-{time.monotonic_ns()}"
    with prober(folder, run, case.streams) as link:
        pids = (pid_of(folder, f"probe-{run}"), servers.web_pid)
        before, counted, began = [cpu_s(pid) for pid in pids], counts(link), time.monotonic()
        time.sleep(seconds)
        after, took_s = [cpu_s(pid) for pid in pids], time.monotonic() - began
        samples, failed = (now - then for now, then in zip(counts(link), counted, strict=True))
        stopped(link)
    mine, theirs = (now - then for now, then in zip(after, before, strict=True))
    return Round(samples, failed, mine, theirs, took_s)


def counts(link: LocalLink) -> tuple[int, int]:
    """How many probes have ended, and how many of them failed."""
    streams = get_json(link, "/status")["streams"].values()
    failed = sum(stream["failed"] for stream in streams)
    return failed + sum(stream["ok"] for stream in streams), failed


def row(case: Case, agent: str, rounds: list[Round]) -> list[str]:
    """One line of the table."""
    samples = sum(one.samples for one in rounds)
    mine = statistics.median(one.prober_s / one.samples for one in rounds)
    theirs = statistics.median(one.server_s / one.samples for one in rounds)
    share = statistics.median(one.prober_s / one.took_s for one in rounds)
    asks_web = any("body_has" in stream for stream in case.streams)
    return [
        case.name,
        agent,
        str(samples),
        str(sum(one.failed for one in rounds)),
        f"{1e6 * mine:.0f}",
        f"{1e6 * theirs:.0f}" if asks_web else "-",
        f"{100 * share:.2f}",
    ]


def packed_from(folder: Path) -> bytes:
    """The agent whose modules are in `folder`."""
    spec = importlib.util.spec_from_file_location("packing", folder / "pack.py")
    assert spec is not None
    assert spec.loader is not None
    packing: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packing)
    return bytes(packing.pack())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--agent", type=Path, help="the folder of another agent, upgrade_e2e/agent")
    args = parser.parse_args()
    agents = {"this": pack(), **({"other": packed_from(args.agent)} if args.agent else {})}
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * len(COLUMNS))
    with ExitStack() as stack:
        homes = {}
        for agent, archive in agents.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            (folder / ARCHIVE).write_bytes(archive)
            homes[agent] = folder, stack.enter_context(all_servers(folder))
        for number in range(len(cases(homes["this"][1]))):
            measure_row(number, homes, args)


def measure_row(
    number: int, homes: dict[str, tuple[Path, Servers]], args: argparse.Namespace
) -> None:
    """One case, by all agents in turn."""
    rows = {agent: cases(servers)[number] for agent, (_, servers) in homes.items()}
    rounds: dict[str, list[Round]] = {agent: [] for agent in homes}
    if args.only not in rows["this"].name:
        return
    for _ in range(args.rounds):
        for agent, (folder, servers) in homes.items():
            rounds[agent].append(measure(folder, rows[agent], servers, args.seconds))
    for agent, case in rows.items():
        print("| " + " | ".join(row(case, agent, rounds[agent])) + " |", flush=True)


if __name__ == "__main__":
    main()
