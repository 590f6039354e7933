"""One connection of a client to one of our servers."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import TYPE_CHECKING

from .answer import field_of
from .clock import monotonic_us
from .reactor import ARRIVALS, EVERYTHING, RESET_ON_CLOSE

if TYPE_CHECKING:
    from .server import Request, Site

MOST_REQUEST = 2**20
_PIECE = 16384
_MOST_KNOWN = 64
_NOW = socket.MSG_DONTWAIT
_ENDS = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


class Peer:
    """A connection: what came in and waits to be whole, and what is still to be sent."""

    __slots__ = (
        "_buffer",
        "_closing",
        "_fd",
        "_out",
        "_site",
        "_sock",
        "_watched",
        "owed",
        "used_us",
    )

    def __init__(self, site: Site, sock: socket.socket) -> None:
        self._site, self._sock = site, sock
        self._fd = sock.fileno()
        self._buffer = b""
        self._out = b""
        self._closing = self._watched = False
        self.owed = 0
        """How many requests have no answer yet."""
        self.used_us = monotonic_us()

    def begin(self) -> None:
        """Answer what has come with the connection, and wait for more."""
        self._site.peers.add(self)
        self._site.met_us = self.used_us
        self._on_event(select.EPOLLIN)
        if self._fd < 0:
            return
        try:
            events = EVERYTHING if self._out else ARRIVALS
            self._site.reactor.watch(self._fd, self._on_event, events)
            self._watched = True
        except OSError:
            self.abort()

    def send(self, answer: bytes, *, close: bool = False) -> None:
        """Answer one request; with `close` the connection ends when all is sent."""
        self.owed -= 1
        if self._fd < 0:
            return
        self._closing = self._closing or close
        try:
            self._write(answer)
        except OSError:
            self.abort()

    def close(self) -> None:
        """Close as soon as everything is sent."""
        self._closing = True
        if not self._out:
            self.abort()

    def reset(self) -> None:
        """Close with RST, whatever is still unsent."""
        if self._fd >= 0:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.abort()

    def abort(self) -> None:
        """Close now; idempotent."""
        if self._fd >= 0:
            self._site.peers.discard(self)
            self._site.reactor.forget(self._fd)
            self._sock.close()
            self._fd = -1

    def _write(self, more: bytes) -> None:
        waits = bool(self._out)
        self._out += more
        with contextlib.suppress(BlockingIOError):
            while self._out:
                self._out = self._out[self._sock.send(self._out, _NOW) :]
        if self._watched and waits != bool(self._out):
            self._site.reactor.watch_for(self._fd, EVERYTHING if self._out else ARRIVALS)
        if self._closing and not self._out:
            self.abort()

    def _on_event(self, events: int) -> None:
        try:
            if self._out:
                self._write(b"")
            if events != select.EPOLLOUT and self._fd >= 0:
                self._read(events)
        except BlockingIOError:
            return
        except (OSError, ValueError, IndexError):
            self.abort()

    def _read(self, events: int) -> None:
        while data := self._sock.recv(_PIECE, _NOW):
            self._take(data)
            if self._fd < 0:
                return
            if len(data) < _PIECE and not events & _ENDS:
                return  # that was all; whatever comes later is a new event
        self.abort()

    def _take(self, data: bytes) -> None:
        self.used_us = monotonic_us()
        site = self._site
        request = None if self._buffer else site.known.get(data)
        if request is not None:
            self.owed += 1
            site.serve(request, self)
            return
        whole = not self._buffer
        self._buffer += data
        while (request := self._next()) is not None:
            if whole and not self._buffer and request.method == "GET":
                self._remember(data, request)
            whole = False
            self.owed += 1
            site.serve(request, self)

    def _remember(self, data: bytes, request: Request) -> None:
        known = self._site.known
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[data] = request

    def _next(self) -> Request | None:
        """The next request that is whole."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MOST_REQUEST:
                raise ValueError("no end of the request's head")
            return None
        head = self._buffer[:end]
        body_end = end + 4
        if not head.startswith(b"GET "):
            body_end += int(field_of(head.lower() + b"\r\n", b"content-length") or b"0")
        if len(self._buffer) < body_end:
            return None
        self._buffer = self._buffer[body_end:]
        return self._site.request(head)
