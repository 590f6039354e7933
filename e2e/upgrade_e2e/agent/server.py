"""A small HTTP server, for the workload and for the prober's admin endpoint."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any
from urllib.parse import parse_qsl

from .answer import field_of
from .clock import monotonic_us
from .target import host_and_port

_REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    503: "Service Unavailable",
}
MOST_REQUEST = 2**20


class Request:
    """One request, read to its end."""

    __slots__ = ("head", "method", "target")

    def __init__(self, head: bytes) -> None:
        """Raises ValueError for a head that does not begin with a request line."""
        self.head = head
        first = head.partition(b"\r\n")[0].decode("latin-1")
        self.method, self.target, _ = first.split(" ", 2)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

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


class Peer(asyncio.Protocol):
    """One connection of a client to one of our servers."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._buffer = bytearray()
        self.used_us = monotonic_us()
        self.owed = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type only
        self.transport = transport
        self._site.peers.add(self)
        self._site.met_us = self.used_us

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._site.peers.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self.used_us = monotonic_us()
        try:
            while (request := self._take()) is not None:
                self.owed += 1
                self._site.serve(request, self)
        except (ValueError, IndexError):
            self.transport.abort()

    def send(self, answer: bytes, *, close: bool = False) -> None:
        """Answer one request."""
        self.owed -= 1
        self.transport.write(answer)
        if close:
            self.transport.close()

    def _take(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MOST_REQUEST:
                raise ValueError("no end of the request's head")
            return None
        head = bytes(self._buffer[:end])
        body_end = end + 4
        if not head.startswith(b"GET "):
            body_end += int(field_of(head.lower() + b"\r\n", b"content-length") or b"0")
        if len(self._buffer) < body_end:
            return None
        request = Request(head)
        del self._buffer[:body_end]
        return request


class Site:
    """A server: its listening socket, its connections and what it answers."""

    def __init__(self, bind: str) -> None:
        self.bind = bind
        self.peers: set[Peer] = set()
        self.met_us = 0
        self._server: asyncio.Server | None = None
        self.port = 0

    async def listen(self) -> None:
        """Accept connections at `bind` (HOST:PORT; port 0 lets the kernel choose, once).

        `[::]` means every address of the machine, of both families.
        """
        host, port = host_and_port(self.bind, 0)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((host, self.port or port))
        self.port = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Peer(self), sock=sock, backlog=1024)

    def close_door(self) -> None:
        """Stop listening: new connections are refused, open ones stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def serve(self, request: Request, peer: Peer) -> None:
        """Answer `request` with `peer.send`, now or later."""
        raise NotImplementedError


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
