"""The prober: all streams of one spec, and what keeps them going."""

from __future__ import annotations

import asyncio
import gc
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .clock import monotonic_us
from .dns import DnsSearchStream, DnsStream
from .dns_kept import DnsKeptStream
from .http import HttpStream
from .machine import priority, rss_bytes, start
from .reactor import Reactor
from .schedule import Schedule
from .scrape import ScrapeStream
from .spool import Spool, write_all
from .streams import Stream
from .watch import WatchStream


def dns_stream(facts: dict[str, Any], spool: Spool, reactor: Reactor) -> Stream:
    """A stream of single queries, over a new socket each or over one that is kept."""
    kept = facts.get("connection") == "reused"
    return (DnsKeptStream if kept else DnsStream)(facts, spool, reactor)


KINDS: dict[str, Callable[[dict[str, Any], Spool, Reactor], Stream]] = {
    "http": HttpStream,
    "dns": dns_stream,
    "dns-search": DnsSearchStream,
    "watch": WatchStream,
    "scrape": ScrapeStream,
}
HOUSEKEEPING_S = 0.1
FLUSH_S = 1.0
COLLECT_S = 10.0


class Prober:
    """All streams of one spec, and their spool."""

    def __init__(self, spec: dict[str, Any], spool_root: Path, reactor: Reactor) -> None:
        self.spool = Spool(spool_root, spec["run"], spec["streams"])
        self._schedule = Schedule(reactor, self._expire)
        self._looked_us = 0
        self.streams = [
            KINDS[facts["kind"]](facts, self.spool, reactor) for facts in spec["streams"]
        ]
        self._pair(spec["streams"])
        self._flushing = asyncio.Lock()
        self._stopped_file = self.spool.run / "stopped"
        self.stopped = self._stopped_file.exists()

    def start(self) -> None:
        """Begin to probe, unless the run was stopped before this process began."""
        start(self._keep_house())
        start(self._keep_flushing())
        if self.stopped:
            return
        self._schedule.start(self.streams)
        for stream in self.streams:
            if isinstance(stream, WatchStream):
                start(stream.follow())

    async def stop(self) -> None:
        """No new probes; returns when all are in and written down."""
        self._stopped_file.touch()
        self.stopped = True
        self._schedule.stop()
        longest_us = max((stream.timeout_us for stream in self.streams), default=0)
        until = monotonic_us() + longest_us + 1_000_000
        while any(stream.flights for stream in self.streams) and monotonic_us() < until:
            self._expire()
            await asyncio.sleep(0.02)
        await self.flush()

    async def flush(self) -> None:
        """Write down what there is, in a thread, because a busy disk may block for long."""
        async with self._flushing:
            chunks = self.spool.take()
            await asyncio.get_running_loop().run_in_executor(None, write_all, chunks)

    def status(self) -> dict[str, Any]:
        """What is going on, for people and for the live display."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "stopped": self.stopped,
            "priority": priority(),
            "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
            "rss_bytes": rss_bytes(),
            "streams": {stream.key: stream.tally.status() for stream in self.streams},
        }

    def _pair(self, specs: list[dict[str, Any]]) -> None:
        by_key = {stream.key: stream for stream in self.streams}
        for facts, stream in zip(specs, self.streams, strict=True):
            if isinstance(stream, WatchStream):
                writer = by_key[f"{facts['observer']}.{facts['writer']}"]
                assert isinstance(writer, HttpStream)  # noqa: S101 - a wrong spec ends the program
                writer.acknowledged = stream.acknowledged

    def _expire(self) -> None:
        """Give up on probes whose time is over; not more often than is worth it."""
        now = monotonic_us()
        if now - self._looked_us >= HOUSEKEEPING_S * 1e6:
            self._looked_us = now
            for stream in self.streams:
                if stream.flights:
                    stream.expire(now)

    async def _keep_house(self) -> None:
        turn = monotonic_us() + 1_000_000
        often = any(0 < stream.interval_ns <= HOUSEKEEPING_S * 1e9 for stream in self.streams)
        while True:
            # Slots that come this often look for timeouts on the way.
            await asyncio.sleep(1.0 if often else HOUSEKEEPING_S)
            self._expire()
            now = monotonic_us()
            if now >= turn:
                turn += 1_000_000 * (1 + (now - turn) // 1_000_000)
                for stream in self.streams:
                    stream.tally.turn()

    async def _keep_flushing(self) -> None:
        collect = monotonic_us()
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()
            if monotonic_us() - collect > COLLECT_S * 1e6:
                collect = monotonic_us()
                gc.collect()
