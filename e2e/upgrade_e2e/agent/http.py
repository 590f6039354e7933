"""HTTP probes."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from .answer import READ_SIZE, Answer
from .failures import BadAnswer, outcome_of_error
from .layout import OPENED, Outcome
from .reactor import RESET_ON_CLOSE, Reactor
from .spool import Spool
from .streams import Flight, Stream
from .target import Target

MOST_IDLE = 4
KEPT = frozenset({Outcome.OK, Outcome.HTTP_5XX})
"""Outcomes after which a connection may be used again."""


class HttpStream(Stream):
    """HTTP requests, each over a new connection or over kept ones."""

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__(facts, spool, reactor)
        self.target = Target(facts)
        self.keep = facts.get("connection", "new") == "reused"
        self.idle: list[Wire] = []
        self.acknowledged: Callable[[int], None] = lambda _: None
        self._expect = frozenset(facts.get("expect", (200,)))
        self._body_has = facts.get("body_has", "").encode()
        self._method = facts.get("method", "GET")
        self._body = facts.get("body", "")
        self._numbered = "{seq}" in self._body
        self._request = self.target.request(self._method, self.target.path, self._body.encode())
        self.number = time.time_ns() // 1000 if self._numbered else 0

    def launch(self, flight: Flight) -> None:
        if self.idle:
            self.reactor.poll()  # the server may have closed it, which every client looks after
        try:
            wire = self.idle.pop() if self.idle else Wire(self)
        except OSError as error:
            self.finish(flight, outcome_of_error(error, answering=False), flags=OPENED)
            return
        flight.way = wire
        wire.ask(flight, self._bytes_for(flight.number))

    def _bytes_for(self, number: int) -> bytes:
        if not self._numbered:
            return self._request
        body = self._body.replace("{seq}", str(number)).encode()
        return self.target.request(self._method, self.target.path, body)

    def answered(self, flight: Flight, answer: Answer, outcome: Outcome, flags: int) -> None:
        """A whole answer is there."""
        if outcome == Outcome.OK and flight in self.flights:
            self.acknowledged(flight.number)
        self.finish(flight, outcome, answer.status, answer.backend, flags)

    def outcome_of(self, answer: Answer) -> Outcome:
        """What a whole answer amounts to."""
        if answer.status in self._expect:
            return Outcome.OK if self._body_has in answer.body else Outcome.BAD_ANSWER
        if answer.status >= 500:
            return Outcome.HTTP_5XX
        return Outcome.HTTP_4XX if answer.status >= 400 else Outcome.BAD_ANSWER


class Wire:
    """One connection of an HTTP stream, with at most one request in flight."""

    __slots__ = (
        "_answer",
        "_connected",
        "_flight",
        "_out",
        "_shaking",
        "_sock",
        "_stream",
        "flags",
    )

    def __init__(self, stream: HttpStream) -> None:
        target = stream.target
        self._stream = stream
        self._flight: Flight | None = None
        self._answer = Answer()
        self._out = b""
        self._connected = False
        self._shaking = target.tls is not None
        self.flags = OPENED
        self._sock = socket.socket(target.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            with contextlib.suppress(BlockingIOError):
                self._sock.connect(target.address)
            stream.reactor.watch(self._sock.fileno(), self._on_event)
        except OSError:
            self._sock.close()
            raise

    def ask(self, flight: Flight, request: bytes) -> None:
        """Send `request`; on a new connection as soon as it is established."""
        self._flight, self._out, self._answer = flight, request, Answer()
        if self._connected:
            self._on_event(select.EPOLLOUT)

    def abort(self) -> None:
        """Close, whatever is going on."""
        self._stream.reactor.forget(self._sock.fileno())
        self._sock.close()
        self._flight = None
        with contextlib.suppress(ValueError):
            self._stream.idle.remove(self)

    def _on_event(self, events: int) -> None:
        try:
            self._advance(events)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            self._fail(outcome_of_error(error, answering=self._answer.begun))
        except BadAnswer:
            self._fail(Outcome.BAD_ANSWER)

    def _advance(self, events: int) -> None:
        if not self._connected:
            self._connect()
        if self._shaking:
            self._sock.do_handshake()  # type: ignore[attr-defined]
            self._shaking = False
        while self._out:
            self._out = self._out[self._sock.send(self._out) :]
        if events != select.EPOLLOUT:
            self._read(events)

    def _connect(self) -> None:
        code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        self._connected = True
        target = self._stream.target
        if target.tls is not None:
            self._sock = target.tls.wrap_socket(
                self._sock, server_hostname=target.server_name, do_handshake_on_connect=False
            )

    def _read(self, events: int) -> None:
        while data := self._sock.recv(READ_SIZE):
            if self._flight is None:
                break  # an unasked answer: this connection cannot be used again
            if self._answer.feed(data):
                self._done(keep=not self._answer.closing and not events & select.EPOLLRDHUP)
                return
        self._at_end()

    def _at_end(self) -> None:
        if self._flight is None:
            self.abort()  # closed while idle, which is the server's right
        elif self._answer.whole_at_end():
            self._done(keep=False)
        else:
            self._fail(Outcome.RESET_IN_BODY if self._answer.begun else Outcome.RESET)

    def _done(self, *, keep: bool) -> None:
        flight, stream, flags = self._flight, self._stream, self.flags
        outcome = stream.outcome_of(self._answer)
        # An answer that our target does not give came from someone else: while a Service is not
        # routed yet, a connection to its address may end anywhere, and would be kept until the end.
        if keep and stream.keep and outcome in KEPT and len(stream.idle) < MOST_IDLE:
            self._flight = None
            self.flags = 0
            stream.idle.append(self)
        else:
            self.abort()
        if flight is not None:
            stream.answered(flight, self._answer, outcome, flags)

    def _fail(self, outcome: Outcome) -> None:
        flight, flags = self._flight, self.flags
        self.abort()
        if flight is not None:
            self._stream.finish(flight, outcome, self._answer.status, self._answer.backend, flags)
