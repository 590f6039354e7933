"""Watch probes: how long a write takes to come out of a watch."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any
from urllib.parse import quote

from .answer import field_of
from .clock import monotonic_us
from .failures import BadAnswer
from .layout import Outcome
from .reactor import Reactor
from .spool import Spool
from .streams import Flight, Stream
from .target import Target


class WatchStream(Stream):
    """How long an acknowledged write takes to come out of a watch.

    A sample begins when the API server has acknowledged a write of the paired stream and ends when
    the watch shows it or a later one. A watch that is closed is opened again; one that is silent
    for `timeout_s` while writes are outstanding is half-open, and is opened again too.
    """

    RETRY_S = 0.2

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__({**facts, "interval_s": 0}, spool, reactor)
        self._facts = facts
        self._target = Target(facts)
        self._seen = 0
        self._version = ""
        self._writer: asyncio.StreamWriter | None = None
        self._heard_us = 0

    def acknowledged(self, number: int) -> None:
        """The write with this number was acknowledged just now."""
        now = monotonic_us()
        flight = Flight(number, now, now)
        self.flights[flight] = None
        if self._seen >= number:
            self.finish(flight, Outcome.OK)

    def expire(self, now_us: int) -> None:
        overdue = len(self.flights)
        super().expire(now_us)
        silent = now_us - self._heard_us > self.timeout_us
        if overdue > len(self.flights) and silent and self._writer is not None:
            self._writer.transport.abort()

    async def follow(self) -> None:
        """List and watch, again and again."""
        while True:
            try:
                await self._list()
                while await self._watch():
                    pass
            except (OSError, BadAnswer, EOFError, ValueError, KeyError):
                await asyncio.sleep(self.RETRY_S)

    async def _list(self) -> None:
        async with self._asking(f"{self._target.path}?{self._only()}") as lines:
            listed = json.loads(b"".join([line async for line in lines]))
        self._version = listed["metadata"]["resourceVersion"]
        for item in listed["items"]:
            self._saw(item)

    async def _watch(self) -> bool:
        """Follow one watch to its end; False when the list must be read again."""
        query = (
            f"watch=1&allowWatchBookmarks=true&timeoutSeconds=300"
            f"&resourceVersion={quote(self._version)}&{self._only()}"
        )
        async with self._asking(f"{self._target.path}?{query}", unending=True) as lines:
            async for line in lines:
                self._heard_us = monotonic_us()
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return False
                self._version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._saw(event["object"])
        return True

    def _only(self) -> str:
        return "fieldSelector=" + quote(f"metadata.name={self._facts['object']}")

    def _saw(self, item: dict[str, Any]) -> None:
        number = int((item.get("data") or {}).get("seq", 0) or 0)
        self._seen = max(self._seen, number)
        for flight in [flight for flight in self.flights if flight.number <= self._seen]:
            self.finish(flight, Outcome.OK)

    @contextlib.asynccontextmanager
    async def _asking(self, path: str, *, unending: bool = False) -> Any:
        within_s = self.timeout_us / 1e6
        opening = asyncio.open_connection(
            self._target.host,
            self._target.port,
            ssl=self._target.tls,
            server_hostname=self._target.server_name if self._target.tls else None,
            limit=2**22,
        )
        reader, writer = await asyncio.wait_for(opening, within_s)
        self._writer = writer
        try:
            writer.write(self._target.request("GET", path))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), within_s)
            if head[9:12] != b"200":
                raise BadAnswer
            yield body_lines(reader, head.lower(), None if unending else within_s)
        finally:
            self._writer = None
            writer.transport.abort()


async def body_lines(reader: asyncio.StreamReader, head: bytes, within_s: float | None) -> Any:
    """The lines of a body, chunked or of a known length, as they come in."""
    if field_of(head, b"transfer-encoding") != b"chunked":
        length = int(field_of(head, b"content-length") or b"0")
        yield await asyncio.wait_for(reader.readexactly(length), within_s)
        return
    rest = b""
    while True:
        size = int(await asyncio.wait_for(reader.readline(), within_s), 16)
        data = await asyncio.wait_for(reader.readexactly(size + 2), within_s)
        *lines, rest = (rest + data[:-2]).split(b"\n")
        for line in lines:
            yield line
        if size == 0:
            if rest:
                yield rest
            return
