"""DNS probes."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .dnswire import QTYPES, pack_query, read_reply
from .failures import BadAnswer, outcome_of_error
from .layout import Outcome
from .reactor import ARRIVALS, Reactor
from .spool import Spool
from .streams import Flight, Stream
from .target import address_of, host_and_port

UDP = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
MOST_REPLY = 4096
_DNS_PORT = 53
_RCODES = {2: Outcome.SERVFAIL, 3: Outcome.NXDOMAIN}


class Resolver:
    """What /etc/resolv.conf says, which a spec may overrule."""

    def __init__(self, facts: dict[str, Any], path: str = "/etc/resolv.conf") -> None:
        words = self._words(path)
        servers = [line[1] for line in words if line[0] == "nameserver" and len(line) > 1]
        searches = [line[1:] for line in words if line[0] == "search"]
        options = [option for line in words if line[0] == "options" for option in line[1:]]
        dots = [option[6:] for option in options if option.startswith("ndots:")]
        self.search: list[str] = facts.get("search", searches[-1] if searches else [])
        self.ndots = int(facts.get("ndots", dots[-1] if dots else 1))
        host, port = host_and_port(facts.get("server") or (servers or ["127.0.0.1"])[0], _DNS_PORT)
        self.family, self.address = address_of(host, port)

    @staticmethod
    def _words(path: str) -> list[list[str]]:
        try:
            lines = Path(path).read_text().splitlines()
        except OSError:
            return []
        return [line.split() for line in lines if line.split()]


def candidates(name: str, search: list[str], ndots: int) -> list[str]:
    """The names that a libc asks for in turn: the search path, and the name as it is."""
    if name.endswith("."):
        return [name.rstrip(".")]
    qualified = [f"{name}.{domain.rstrip('.')}" for domain in search if domain.rstrip(".")]
    if name.count(".") >= ndots:
        return [name, *qualified]
    return [*qualified, name]


class Question:
    """Queries for one name, sent together from a socket of their own, as a libc does."""

    __slots__ = ("_fd", "_on_end", "_pending", "_reactor", "_sock", "rcodes", "records")

    def __init__(
        self,
        reactor: Reactor,
        resolver: Resolver,
        queries: list[bytes],
        on_end: Callable[[Outcome | None], None],
    ) -> None:
        """`on_end` gets an outcome when asking failed, or None when all replies are there."""
        self._reactor, self._on_end = reactor, on_end
        self._pending = list(queries)
        self.rcodes: list[int] = []
        self.records = 0
        self._sock = socket.socket(resolver.family, UDP)
        self._fd = self._sock.fileno()
        try:
            self._sock.connect(resolver.address)  # so that ICMP errors come back
            for query in queries:
                self._sock.send(query)
            reactor.watch(self._fd, self._on_event, ARRIVALS)
        except OSError:
            self._sock.close()
            raise

    def abort(self) -> None:
        """Close, whatever is going on."""
        self._reactor.forget(self._fd)
        self._sock.close()

    def _on_event(self, _events: int) -> None:
        try:
            while self._pending:
                self._take(self._sock.recv(MOST_REPLY))
        except BlockingIOError:
            return
        except OSError as error:
            self._end(outcome_of_error(error, answering=False))
        except BadAnswer:
            self._end(Outcome.BAD_ANSWER)
        else:
            self._end(None)

    def _take(self, data: bytes) -> None:
        for query in self._pending:
            reply = read_reply(data, query) if data[:2] == query[:2] else None
            if reply is not None:
                self._pending.remove(query)
                self.rcodes.append(reply[0])
                self.records += reply[1]
                return

    def _end(self, outcome: Outcome | None) -> None:
        self.abort()
        self._on_end(outcome)


class DnsStream(Stream):
    """Single queries for a fully qualified name, from a socket each."""

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__(facts, spool, reactor)
        self.resolver = Resolver(facts)
        self._expect = facts.get("expect", "answer")
        self.query = pack_query(0, facts["qname"], QTYPES[facts.get("qtype", "A")])[2:]
        """What is asked, without the id in front of it."""

    def launch(self, flight: Flight) -> None:
        ident = random.getrandbits(16).to_bytes(2, "big")

        def ended(outcome: Outcome | None) -> None:
            rcode = question.rcodes[0] if question.rcodes else 0
            if outcome is None:
                outcome = self.outcome_of(rcode, question.records)
            self.finish(flight, outcome, rcode)

        try:
            question = Question(self.reactor, self.resolver, [ident + self.query], ended)
        except OSError as error:
            self.finish(flight, outcome_of_error(error, answering=False))
            return
        flight.way = question

    def outcome_of(self, rcode: int, records: int) -> Outcome:
        """What a reply with this response code and so many wanted records amounts to."""
        if self._expect == "nxdomain":
            if rcode == 3:
                return Outcome.OK
            return _RCODES.get(rcode, Outcome.DNS_ERROR) if rcode else Outcome.BAD_ANSWER
        if rcode:
            return _RCODES.get(rcode, Outcome.DNS_ERROR)
        return Outcome.OK if records or self._expect == "noerror" else Outcome.BAD_ANSWER


class DnsSearchStream(Stream):
    """Whole lookups of a short name: the search path is walked, A and AAAA asked for together.

    The code of a sample is the number of queries that the lookup cost.
    """

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__(facts, spool, reactor)
        self._resolver = Resolver(facts)
        self._names = candidates(facts["qname"], self._resolver.search, self._resolver.ndots)

    def launch(self, flight: Flight) -> None:
        self._ask(flight, 0)

    def _ask(self, flight: Flight, place: int) -> None:
        first = random.getrandbits(16)
        queries = [
            pack_query(first, self._names[place], QTYPES["A"]),
            pack_query(first ^ 1, self._names[place], QTYPES["AAAA"]),
        ]

        def ended(outcome: Outcome | None) -> None:
            outcome = self._outcome(question) if outcome is None else outcome
            if outcome == Outcome.NXDOMAIN and place + 1 < len(self._names):
                self._ask(flight, place + 1)
            else:
                self.finish(flight, outcome, 2 * (place + 1))

        try:
            question = Question(self.reactor, self._resolver, queries, ended)
        except OSError as error:
            self.finish(flight, outcome_of_error(error, answering=False), 2 * (place + 1))
            return
        flight.way = question

    @staticmethod
    def _outcome(question: Question) -> Outcome:
        if question.records:
            return Outcome.OK
        bad = [rcode for rcode in question.rcodes if rcode not in (0, 3)]
        return _RCODES.get(bad[0], Outcome.DNS_ERROR) if bad else Outcome.NXDOMAIN
