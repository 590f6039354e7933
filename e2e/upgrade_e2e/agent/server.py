"""A small HTTP server, for the workload and for the prober's admin endpoint."""

from __future__ import annotations

import asyncio
import errno
import json
import select
import socket
from typing import Any
from urllib.parse import parse_qsl

from .peer import Peer
from .reactor import Reactor
from .target import host_and_port

_REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    503: "Service Unavailable",
}
BACKLOG = 1024
PAUSE_S = 1.0
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Request:
    """One request, read to its end."""

    __slots__ = ("head", "method", "path", "target")

    def __init__(self, head: bytes) -> None:
        """Raises ValueError for a head that does not begin with a request line."""
        self.head = head
        first = head.partition(b"\r\n")[0].decode("latin-1")
        self.method, self.target, _ = first.split(" ", 2)
        self.path = self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2]))

    def field(self, name: str) -> bytes:
        """The value of a header field; empty when it is not there."""
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == wanted:
                return value.strip()
        return b""


class Site:
    """A server: its listening socket, its connections and what it answers."""

    def __init__(self, bind: str, reactor: Reactor) -> None:
        self.bind = bind
        self.reactor = reactor
        self.peers: set[Peer] = set()
        self.met_us = 0
        self.port = 0
        self.known: dict[bytes, Request] = {}
        """Requests without a body that came before: clients send the same bytes again and again."""
        self._door: socket.socket | None = None

    def listen(self) -> None:
        """Accept connections at `bind` (HOST:PORT; port 0 lets the kernel choose, once).

        `[::]` means every address of the machine, of both families.
        """
        host, port = host_and_port(self.bind, 0)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        door = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # its connections inherit it
        if family == socket.AF_INET6:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        door.bind((host, self.port or port))
        door.listen(BACKLOG)
        self.port = door.getsockname()[1]
        self.reactor.watch(door.fileno(), self._meet, select.EPOLLIN)
        self._door = door

    @staticmethod
    def request(head: bytes) -> Request:
        """A request with this head; raises ValueError for one that is none."""
        return Request(head)

    def close_door(self) -> None:
        """Stop listening: new connections are refused, open ones stay."""
        if self._door is not None:
            self.reactor.forget(self._door.fileno())
            self._door.close()
            self._door = None

    def serve(self, request: Request, peer: Peer) -> None:
        """Answer `request` with `peer.send`, now or later."""
        raise NotImplementedError

    def _meet(self, _events: int) -> None:
        if self._door is None:
            return
        try:
            sock, _ = self._door.accept()  # one; the kernel calls again as long as there are more
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._pause(self._door)
        else:
            Peer(self, sock).begin()

    def _pause(self, door: socket.socket) -> None:
        """Accept nothing for a while: there is nothing to accept with."""
        self.reactor.watch_for(door.fileno(), 0)

        def go_on() -> None:
            if self._door is door:
                self.reactor.watch_for(door.fileno(), select.EPOLLIN)

        asyncio.get_running_loop().call_later(PAUSE_S, go_on)


def answer_bytes(
    status: int, body: bytes, headers: dict[str, str] | None = None, *, close: bool = False
) -> bytes:
    """The bytes of an answer."""
    fields = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
        **({"Connection": "close"} if close else {}),
    }
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Other')}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def answer_json(status: int, value: Any) -> bytes:
    """A JSON answer."""
    return answer_bytes(status, json.dumps(value).encode() + b"\n")
