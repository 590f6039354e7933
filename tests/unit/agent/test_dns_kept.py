"""Lookups over one kept socket: one source port, whatever happens, and each error to its query."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.agent.name_server import reply
from tests.unit.agent.rig import Rig, await_outcome, free_port, outcomes
from tests.unit.agent.test_dns_outcomes import dns
from upgrade_e2e.agent.dns_kept import DnsKeptStream
from upgrade_e2e.agent.layout import OUTCOMES, Outcome
from upgrade_e2e.agent.reactor import Reactor
from upgrade_e2e.agent.spool import Spool
from upgrade_e2e.agent.streams import Flight
from upgrade_e2e.observers.spool import RECORD

QUIET_S = 30


class Server:
    """A port that a test closes and opens, reads queries from and answers at."""

    def __init__(self) -> None:
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen; the second time at the same port."""
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(QUIET_S)
        self.sock.bind(("127.0.0.1", self.port))
        self.port = int(self.sock.getsockname()[1])

    def close(self) -> None:
        self.sock.close()

    def query(self) -> tuple[bytes, Any]:
        return self.sock.recvfrom(4096)

    def answer(self) -> Any:
        """Answer the next query; returns who asked."""
        query, peer = self.query()
        self.sock.sendto(reply(query, 0, with_a=True), peer)
        return peer


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that says nothing by itself."""
    made = Server()
    yield made
    made.close()


class Kept:
    """A stream in this process, whose probes a test sends one by one."""

    def __init__(self, folder: Path, port: int) -> None:
        self.reactor = Reactor()
        facts = dns(port, "kept", qname="fine.x", connection="reused", timeout_s=QUIET_S)
        self.stream = DnsKeptStream(facts, Spool(folder, "run", [facts]), self.reactor)
        self.sent = 0

    def close(self) -> None:
        if self.stream.sock is not None:
            self.stream.sock.close()
        self.reactor.close()

    def ask(self) -> None:
        """One more probe, with its number as the intended time."""
        self.sent += 1
        flight = Flight(self.sent, self.sent, self.sent)
        self.stream.flights[flight] = None
        self.stream.launch(flight)

    def give_up(self) -> None:
        """Its only probe that is under way becomes a timeout."""
        (flight,) = self.stream.flights
        flight.way.abort()
        self.stream.finish(flight, Outcome.TIMEOUT)

    def ended(self, count: int = 1) -> dict[int, str]:
        """The outcomes of so many probes, by number; waits for them."""
        found: dict[int, str] = {}
        while len(found) < count:
            for _, data in self.stream.spool.take():
                for at in range(0, len(data), RECORD.itemsize):
                    number, _, _, outcome = struct.unpack_from("<qIIB", data, at)
                    found[number] = OUTCOMES[outcome]
            if len(found) < count:
                assert not self.reactor.select(0.05)
        return found


@pytest.fixture
def kept(tmp_path: Path, server: Server) -> Iterator[Kept]:
    """A stream towards `server`."""
    made = Kept(tmp_path, server.port)
    with contextlib.closing(made):
        yield made


def test_answers_find_their_queries_in_any_order(kept: Kept, server: Server) -> None:
    for _ in range(3):
        kept.ask()
    queries = [server.query() for _ in range(3)]
    assert len({query[:2] for query, _ in queries}) == 3
    assert len({peer for _, peer in queries}) == 1
    for rcode, (query, peer) in zip((0, 2, 3), reversed(queries), strict=True):
        server.sock.sendto(reply(query, rcode, with_a=not rcode), peer)
    assert kept.ended(3) == {1: "nxdomain", 2: "servfail", 3: "ok"}


def test_an_error_goes_to_the_query_that_it_quotes(kept: Kept, server: Server) -> None:
    """One query has arrived before the port closes; the next one's error is not given to it."""
    kept.ask()
    first, peer = server.query()
    server.close()
    kept.ask()
    assert kept.ended() == {2: "refused"}
    server.open()
    server.sock.sendto(reply(first, 0, with_a=True), peer)
    assert kept.ended() == {1: "ok"}


def test_an_error_that_is_pending_is_not_the_next_querys(kept: Kept, server: Server) -> None:
    """The error comes back before anyone has looked for it; the next query is sent all the same."""
    server.close()
    kept.ask()
    server.open()
    kept.ask()
    server.answer()
    assert kept.ended(2) == {1: "refused", 2: "ok"}


def test_an_error_about_a_query_that_is_over_is_nobodys(kept: Kept, server: Server) -> None:
    server.close()
    kept.ask()
    kept.give_up()
    server.open()
    kept.ask()
    server.answer()
    assert kept.ended(2) == {1: "timeout", 2: "ok"}


def test_a_late_answer_is_nobodys(kept: Kept, server: Server) -> None:
    kept.ask()
    late, peer = server.query()
    kept.give_up()
    kept.ask()
    query, _ = server.query()
    server.sock.sendto(reply(late, 2, with_a=False), peer)
    server.sock.sendto(reply(query, 0, with_a=True), peer)
    assert kept.ended(2) == {1: "timeout", 2: "ok"}


def test_the_source_port_outlives_errors_and_timeouts(kept: Kept, server: Server) -> None:
    ports = set()
    for step in (lambda: None, server.close, server.open):
        step()
        kept.ask()
        if step != server.close:
            ports.add(server.answer())
        kept.ended()
    assert len(ports) == 1


def test_what_keeps_a_query_from_going_out_is_its_own_failure(tmp_path: Path) -> None:
    """An address that cannot be reached at all."""
    stream = Kept(tmp_path, 53)
    with contextlib.closing(stream):
        stream.stream.resolver.address = ("255.255.255.255", 53)  # no broadcast without leave
        stream.ask()
        (outcome,) = stream.ended().values()
        assert outcome not in {"ok", "timeout"}
        stream.stream.resolver.address = ("127.0.0.1", free_port())
        stream.ask()
        assert stream.ended() == {2: "refused"}


def test_an_agent_asks_from_one_port_or_from_many(rig: Rig) -> None:
    """Which it is, is what the spec says of the connection."""
    with counting() as (port, seen):
        settings = {"qname": "fine.x", "interval_s": 0.02}
        kept = dns(port, "kept", connection="reused", **settings)
        prober = rig.probe(kept, dns(port, "new", **{**settings, "qname": "other.x"}))
        await_outcome(prober, "ok", "dns.kept", count=20)
        await_outcome(prober, "ok", "dns.new", count=20)
        assert set(outcomes(prober, "dns.kept")) == {"ok"}
    assert len(seen[b"fine"]) == 1
    assert len(seen[b"other"]) >= 20


@contextlib.contextmanager
def counting() -> Iterator[tuple[int, dict[bytes, set[Any]]]]:
    """A DNS server that answers, and keeps who asked, by the first label asked for."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    seen: dict[bytes, set[Any]] = {}

    def run() -> None:
        while (asked := sock.recvfrom(4096))[0] != b"end":
            query, peer = asked
            seen.setdefault(query[13 : 13 + query[12]], set()).add(peer)
            sock.sendto(reply(query, 0, with_a=True), peer)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield int(sock.getsockname()[1]), seen
    sock.sendto(b"end", sock.getsockname())
    thread.join(5)
    sock.close()
