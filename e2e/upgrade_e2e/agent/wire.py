"""One connection of an HTTP stream."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple

from .answer import READ_SIZE, Answer
from .failures import BadAnswer, outcome_of_error
from .layout import OPENED, Outcome
from .reactor import ARRIVALS, EVERYTHING, RESET_ON_CLOSE
from .streams import Flight

if TYPE_CHECKING:
    from .http import HttpStream

MOST_IDLE = 4
KEPT = frozenset({Outcome.OK, Outcome.HTTP_5XX, Outcome.ADMITTED, Outcome.WEBHOOK_FAILED})
"""Outcomes after which a connection may be used again."""
_TCP = socket.SOCK_STREAM | socket.SOCK_NONBLOCK
_UNDER_WAY = (0, errno.EINPROGRESS)
_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Verdict(NamedTuple):
    """What a whole answer amounts to, and whether its connection closes."""

    outcome: Outcome
    status: int
    backend: str
    closing: bool


class Wire:
    """One connection of an HTTP stream, with at most one request in flight."""

    __slots__ = (
        "_answer",
        "_connected",
        "_fd",
        "_flight",
        "_out",
        "_shaking",
        "_sock",
        "_stream",
        "flags",
    )

    def __init__(self, stream: HttpStream) -> None:
        """Begin to connect; raises OSError where that cannot even begin."""
        target = stream.target
        self._stream = stream
        self._flight: Flight | None = None
        self._answer: Answer | None = None
        self._out = b""
        self._connected = False
        self._shaking = target.tls is not None
        self.flags = OPENED
        self._sock = socket.socket(target.family, _TCP)
        self._fd = self._sock.fileno()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        code = self._sock.connect_ex(target.address)
        if code not in _UNDER_WAY:
            self._sock.close()
            raise OSError(code, os.strerror(code))

    def ask(self, flight: Flight, request: bytes) -> None:
        """Send `request`; on a new connection as soon as it is established."""
        self._flight, self._out, self._answer = flight, request, None
        known = self._connected
        # Next door, and on the same machine, a connection is there as soon as it is asked for. Then
        # the request can go out at once, and only its answer wakes the process up.
        if not self._shaking:
            self._on_event(select.EPOLLOUT)
        if self._flight is None or (known and not self._out):
            return
        reactor, events = self._stream.reactor, EVERYTHING if self._out else ARRIVALS
        try:
            if known:
                reactor.watch_for(self._fd, events)
            else:
                reactor.watch(self._fd, self._on_event, events)
        except OSError as error:
            self._fail(outcome_of_error(error, answering=False))

    def abort(self) -> None:
        """Close, whatever is going on."""
        self._stream.reactor.forget(self._fd)
        self._sock.close()
        self._flight = None
        if self._stream.idle:
            with contextlib.suppress(ValueError):
                self._stream.idle.remove(self)

    def _on_event(self, events: int) -> None:
        try:
            if self._shaking:
                self._shake()
            while self._out:
                # On a connection that is not there yet this waits, or says why it never will be.
                self._out = self._out[self._sock.send(self._out) :]
                self._connected = True
            if events != select.EPOLLOUT:
                self._read(events)
        except _WAIT:
            return
        except OSError as error:
            self._fail(outcome_of_error(error, answering=self._begun))
        except BadAnswer:
            self._fail(Outcome.BAD_ANSWER)

    def _shake(self) -> None:
        if not self._connected:
            code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            self._connected = True
            target = self._stream.target
            assert target.tls is not None  # noqa: S101 - for the type only
            self._sock = target.tls.wrap_socket(
                self._sock, server_hostname=target.server_name, do_handshake_on_connect=False
            )
        self._sock.do_handshake()  # type: ignore[attr-defined]
        self._shaking = False

    def _read(self, events: int) -> None:
        while data := self._sock.recv(READ_SIZE):
            if self._flight is None:
                break  # an unasked answer: this connection cannot be used again
            verdict = self._take(data)
            if verdict is not None:
                self._done(verdict, keep=not verdict.closing and not events & select.EPOLLRDHUP)
                return
        self._at_end()

    def _take(self, data: bytes) -> Verdict | None:
        """The verdict on an answer that is whole with this piece."""
        answer = self._answer
        if answer is not None:
            return self._stream.judge(answer) if answer.feed(data) else None
        verdict = self._stream.known.get(data)
        if verdict is None:
            self._answer = answer = Answer()
            if answer.feed(data):
                verdict = self._stream.judge(answer)
                self._stream.remember(data, verdict)
        return verdict

    @property
    def _begun(self) -> bool:
        return self._answer is not None and self._answer.begun

    def _at_end(self) -> None:
        answer = self._answer
        if self._flight is None:
            self.abort()  # closed while idle, which is the server's right
        elif answer is not None and answer.whole_at_end():
            self._done(self._stream.judge(answer), keep=False)
        else:
            self._fail(Outcome.RESET_IN_BODY if self._begun else Outcome.RESET)

    def _done(self, verdict: Verdict, *, keep: bool) -> None:
        flight, stream, flags = self._flight, self._stream, self.flags
        # An answer that our target does not give came from someone else: while a Service is not
        # routed yet, a connection to its address may end anywhere, and would be kept until the end.
        if keep and stream.keep and verdict.outcome in KEPT and len(stream.idle) < MOST_IDLE:
            self._flight = None
            self.flags = 0
            stream.idle.append(self)
        else:
            self.abort()
        if flight is not None:
            stream.answered(flight, verdict, flags)

    def _fail(self, outcome: Outcome) -> None:
        flight, flags, answer = self._flight, self.flags, self._answer
        self.abort()
        if flight is not None:
            status, backend = (answer.status, answer.backend) if answer else (0, "")
            self._stream.finish(flight, outcome, status, backend, flags)
