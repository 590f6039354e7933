"""An HTTP edge: what nginx does with `proxy_pass`, so that a broken backend shows as a 502 or 504.

Of a configuration it reads `listen`, `proxy_pass`, `proxy_connect_timeout`, `proxy_read_timeout`.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings", "main"]

_HEAD_LIMIT = 65536
_CHUNK = 65536
_PAGE = (
    "<html><head><title>{0} {1}</title></head><body><center><h1>{0} {1}</h1></center></body></html>"
)
_DEFAULT = "/etc/nginx/nginx.conf"


@dataclass(frozen=True)
class Settings:
    """Where it listens, whom it asks, and how long it waits; times in seconds."""

    port: int = 80
    host: str = ""
    host_port: int = 80
    connect_s: float = 60.0
    read_s: float = 60.0

    @classmethod
    def parse(cls, text: str) -> Settings:
        """Read a configuration; without `proxy_pass` every request is answered with 404."""
        listen = re.search(r"\blisten\s+(?:\S+:)?(\d+)", text)
        target = re.search(r"\bproxy_pass\s+http://([^\s:/;]+)(?::(\d+))?", text)
        return cls(
            port=int(listen[1]) if listen else 80,
            host=target[1] if target else "",
            host_port=int(target[2] or 80) if target else 80,
            connect_s=_seconds(text, "proxy_connect_timeout"),
            read_s=_seconds(text, "proxy_read_timeout"),
        )


def _seconds(text: str, directive: str) -> float:
    found = re.search(rf"\b{directive}\s+([\d.]+)(ms|s)?", text)
    if found is None:
        return 60.0
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


class BadGateway(Exception):
    """The backend cannot be reached, or went away before it answered."""


@dataclass(frozen=True)
class Edge:
    """Serves clients, one upstream connection for each request, no second try."""

    settings: Settings

    async def serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """All requests of one connection."""
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while await self._serve_request(reader, writer):
                    pass
        finally:
            writer.close()

    async def _serve_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(content_length(head) or 0)
        try:
            return await self._hand_on(head, body, writer)
        except BadGateway:
            return await _say(writer, 502, "Bad Gateway")
        except TimeoutError:
            return await _say(writer, 504, "Gateway Time-out")

    async def _hand_on(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> bool:
        if not self.settings.host:
            return await _say(writer, 404, "Not Found")
        try:
            async with asyncio.timeout(self.settings.connect_s):
                answer, backend = await asyncio.open_connection(
                    self.settings.host, self.settings.host_port
                )
        except TimeoutError:
            raise
        except OSError as error:
            raise BadGateway from error
        try:
            backend.write(_upstream_head(head, self.settings) + body)
            return await self._relay(answer, writer)
        finally:
            backend.close()

    async def _relay(self, answer: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            async with asyncio.timeout(self.settings.read_s):
                head = await answer.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise BadGateway from error
        length = content_length(head)
        writer.write(_client_head(head, length))
        sent = 0
        with suppress(ConnectionError):
            async with asyncio.timeout(self.settings.read_s):
                while (length is None or sent < length) and (data := await answer.read(_CHUNK)):
                    writer.write(data)
                    sent += len(data)
        await writer.drain()
        return length is not None and sent == length


def content_length(head: bytes) -> int | None:
    """What a head says of the length of its body; None when it says nothing."""
    found = re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else None


def _upstream_head(head: bytes, settings: Settings) -> bytes:
    first, *rest = head.rstrip(b"\r\n").split(b"\r\n")
    method, target, _ = first.split(b" ", 2)
    kept = [line for line in rest if not line.lower().startswith((b"host:", b"connection:"))]
    host = f"Host: {settings.host}:{settings.host_port}".encode()
    lines = [b" ".join([method, target, b"HTTP/1.0"]), host, b"Connection: close", *kept]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _client_head(head: bytes, length: int | None) -> bytes:
    first, *rest = head.rstrip(b"\r\n").split(b"\r\n")
    kept = [line for line in rest if not line.lower().startswith((b"connection:", b"server:"))]
    status = b"HTTP/1.1 " + first.split(b" ", 1)[1]
    connection = b"Connection: close" if length is None else b"Connection: keep-alive"
    return b"\r\n".join([status, b"Server: sim-edge", connection, *kept]) + b"\r\n\r\n"


async def _say(writer: asyncio.StreamWriter, code: int, reason: str) -> bool:
    page = _PAGE.format(code, reason).encode()
    head = f"HTTP/1.1 {code} {reason}\r\nServer: sim-edge\r\nContent-Type: text/html\r\n"
    writer.write(f"{head}Content-Length: {len(page)}\r\n\r\n".encode() + page)
    await writer.drain()
    return True


def main(argv: list[str]) -> None:
    """As `nginx -c FILE`; until SIGTERM."""
    path = argv[argv.index("-c") + 1] if "-c" in argv else _DEFAULT
    settings = Settings.parse(Path(path).read_text(encoding="utf-8"))
    print(f"edge: port {settings.port}, upstream {settings.host}", file=sys.stderr)
    asyncio.run(_serve(Edge(settings)))


async def _serve(edge: Edge) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGQUIT):
        loop.add_signal_handler(number, ended.set)
    server = await asyncio.start_server(
        edge.serve_client,
        "0.0.0.0",  # noqa: S104 - the pod's address only
        edge.settings.port,
        limit=_HEAD_LIMIT,
    )
    await ended.wait()
    server.close()
