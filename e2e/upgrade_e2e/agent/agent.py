#!/usr/bin/env python3
"""The agent: workload server and open-loop prober in one file; Python 3.11+, no dependency.

    agent.py serve --bind 0.0.0.0:8080 --on-term drain
    agent.py probe --spec spec.json --spool /spool --listen 0.0.0.0:9464

Probing
    Each stream has intended times t0 + k*T on the monotonic clock, t0 with a random phase. The
    next probe never waits for the last answer. Latency counts from the *intended* time. Every
    slot becomes one sample: an answer, a failure, a timeout, or `not-sent` when the prober itself
    was in the way (too much in flight, out of sockets, or so late that the slot has lost its
    meaning). asyncio runs what is slow and rare; probes use non-blocking sockets in an epoll of
    their own, which is registered with the event loop.

Spec (JSON)
    {"run": ID, "streams": [STREAM, ...]}
    STREAM, all kinds: observer, name, kind, interval_s, timeout_s
    kind http:       url, connection (new|reused), method, headers, body, expect ([status, ...]),
                     body_has, ca_file, cert_file, key_file, token, insecure, server_name.
                     `{seq}` in the body is replaced by the number of the probe.
    kind dns:        qname, qtype (A|AAAA), expect (answer|noerror|nxdomain), server
    kind dns-search: qname, server, search, ndots: what a libc does for a short name
    kind watch:      url of the collection, object, writer (name of the http stream of the same
                     observer whose bodies carry `{seq}` as data.seq), and the TLS fields of http

Spool
    SPOOL/RUN/BOOT/ with RUN from the spec and BOOT the machine's boot id, because the monotonic
    clock starts anew with each boot:
      meta.json      streams (in the order of the spec), outcome labels, clocks, record format
      backends.txt   names of backends, one a line; the first line is empty (unknown)
      OBSERVER.NAME.rec   records of 24 bytes, little endian, in the order of completion:
        int64 intended_us (monotonic), uint32 lateness_us, uint32 latency_us, uint8 outcome,
        uint8 flags (bit 0: a connection was opened), uint16 code, uint16 backend, uint16 zero
    A prober that is restarted appends. Folders of other runs are deleted.

Control (HTTP)
    GET /clock, GET /status, GET /spool, GET /spool/BOOT/FILE?from=OFFSET (at most 1 MiB),
    POST /stop (no new probes; answers when all are in; holds across restarts)
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import ctypes
import errno
import gc
import heapq
import ipaddress
import json
import os
import random
import resource
import select
import shutil
import signal
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

# --- outcomes -------------------------------------------------------------------------------------

OUTCOMES = (
    "ok",
    "refused",
    "reset",
    "reset-in-body",
    "timeout",
    "unreachable",
    "4xx",
    "5xx",
    "bad-answer",
    "nxdomain",
    "servfail",
    "dns-error",
    "tls-error",
    "not-sent",
    "create-failed",
    "other",
)
"""The labels of outcomes; a record holds an index into this table, which meta.json repeats."""

(
    OK,
    REFUSED,
    RESET,
    RESET_IN_BODY,
    TIMEOUT,
    UNREACHABLE,
    HTTP_4XX,
    HTTP_5XX,
    BAD_ANSWER,
    NXDOMAIN,
    SERVFAIL,
    DNS_ERROR,
    TLS_ERROR,
    NOT_SENT,
    _CREATE_FAILED,
    OTHER,
) = range(len(OUTCOMES))

_BY_ERRNO = {
    errno.ECONNREFUSED: REFUSED,
    errno.ECONNRESET: RESET,
    errno.ECONNABORTED: RESET,
    errno.EPIPE: RESET,
    errno.EHOSTUNREACH: UNREACHABLE,
    errno.ENETUNREACH: UNREACHABLE,
    errno.EHOSTDOWN: UNREACHABLE,
    errno.ENETDOWN: UNREACHABLE,
    errno.ETIMEDOUT: TIMEOUT,
    # What follows is the prober's own want, not the target's answer.
    errno.EMFILE: NOT_SENT,
    errno.ENFILE: NOT_SENT,
    errno.ENOBUFS: NOT_SENT,
    errno.ENOMEM: NOT_SENT,
    errno.EADDRNOTAVAIL: NOT_SENT,
}


def outcome_of_error(error: OSError, *, answering: bool) -> int:
    """The outcome for a socket's error; `answering` when a part of the answer was there."""
    if isinstance(error, ssl.SSLError):
        ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        outcome = RESET if ended else TLS_ERROR
    else:
        outcome = _BY_ERRNO.get(error.errno or 0, OTHER)
    return RESET_IN_BODY if answering and outcome == RESET else outcome


# --- clocks ---------------------------------------------------------------------------------------


def monotonic_us() -> int:
    """Microseconds of CLOCK_MONOTONIC: the clock of all samples."""
    return time.monotonic_ns() // 1000


def boot_id() -> str:
    """The id of this boot of the kernel; machines that share it share the monotonic clock."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


class Alarm:
    """Calls back at an absolute monotonic time, more exactly than epoll's milliseconds can.

    Uses a timerfd of the C library; falls back to the event loop's timers where there is none.
    """

    _CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC, _ABSTIME = 1, 0o2004000, 1

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._handle: asyncio.TimerHandle | None = None
        self._fd = -1
        with contextlib.suppress(OSError, AttributeError):
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.timerfd_create(self._CLOCK_MONOTONIC, self._NONBLOCK_CLOEXEC)
        if self._fd >= 0:
            loop.add_reader(self._fd, self._ring)

    def set(self, at_ns: int) -> None:
        """Ring once at `at_ns`; forgets what was set before."""
        if self._fd >= 0:
            at_ns = max(at_ns, 1)  # zero would disarm the timer
            spec = struct.pack("qqqq", 0, 0, at_ns // 10**9, at_ns % 10**9)
            self._libc.timerfd_settime(self._fd, self._ABSTIME, spec, None)
            return
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_at(at_ns / 1e9, self._callback)

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
        self._callback()


# --- spool ----------------------------------------------------------------------------------------

RECORD = struct.Struct("<qIIBBHHH")
RECORD_FIELDS = (
    "int64 intended_us",
    "uint32 lateness_us",
    "uint32 latency_us",
    "uint8 outcome",
    "uint8 flags",
    "uint16 code",
    "uint16 backend",
    "uint16 zero",
)
OPENED = 1
_U32 = 2**32 - 1
_U16 = 2**16 - 1
CHUNK = 2**20


class Spool:
    """The folder in which one boot's samples of one run are kept, across restarts."""

    def __init__(self, root: Path, run: str, streams: list[dict[str, Any]]) -> None:
        self.run = root / run
        self.boot = self.run / boot_id()
        for other in root.iterdir() if root.is_dir() else ():
            if other.is_dir() and other != self.run:
                shutil.rmtree(other, ignore_errors=True)
        self.boot.mkdir(parents=True, exist_ok=True)
        self._backends_file = self.boot / "backends.txt"
        self._backends = self._read_backends()
        self._sinks: list[tuple[bytearray, Path]] = []
        self._write_meta(streams)

    def sink(self, key: str) -> bytearray:
        """The buffer of the stream `key` (OBSERVER.NAME); `flush` empties it into its file."""
        path = self.boot / f"{key}.rec"
        if path.exists():  # a prober that was killed may have left half a record
            os.truncate(path, path.stat().st_size // RECORD.size * RECORD.size)
        buffer = bytearray()
        self._sinks.append((buffer, path))
        return buffer

    def backend(self, name: str) -> int:
        """The index of a backend's name, written down when it is new; 0 when there is no room."""
        known = self._backends.get(name)
        if known is not None:
            return known
        if len(self._backends) > _U16:
            return 0
        with self._backends_file.open("a") as file:
            file.write(name + "\n")
        return self._backends.setdefault(name, len(self._backends))

    def take(self) -> list[tuple[Path, bytes]]:
        """What is to be written; the buffers are empty afterwards."""
        taken = []
        for buffer, path in self._sinks:
            if buffer:
                taken.append((path, bytes(buffer)))
                buffer.clear()
        return taken

    def flush(self) -> None:
        """Write everything to the files now."""
        write_all(self.take())

    def files(self) -> dict[str, int]:
        """All files of the run with their sizes, keyed by BOOT/FILE."""
        return {
            str(path.relative_to(self.run)): path.stat().st_size
            for path in sorted(self.run.glob("*/*"))
            if path.is_file()
        }

    def read(self, name: str, offset: int) -> bytes | None:
        """At most 1 MiB of the file BOOT/FILE from `offset`; None when there is no such file."""
        if name not in self.files():
            return None
        with (self.run / name).open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK)

    def _read_backends(self) -> dict[str, int]:
        if not self._backends_file.exists():
            self._backends_file.write_text("\n")
        names = self._backends_file.read_text().split("\n")[:-1]
        return {name: index for index, name in reversed(list(enumerate(names)))}

    def _write_meta(self, streams: list[dict[str, Any]]) -> None:
        public = [
            {name: value for name, value in stream.items() if name != "token"} for stream in streams
        ]
        meta = {
            "format": 1,
            "record": RECORD_FIELDS,
            "outcomes": OUTCOMES,
            "streams": public,
            "boot_id": boot_id(),
            "monotonic_us": monotonic_us(),
            "unix_us": time.time_ns() // 1000,
        }
        part = self.boot / "meta.part"
        part.write_text(json.dumps(meta))
        part.replace(self.boot / "meta.json")


def write_all(chunks: list[tuple[Path, bytes]]) -> None:
    """Append each chunk to its file."""
    for path, data in chunks:
        with path.open("ab", buffering=0) as file:
            file.write(data)


# --- streams: what all probes share ---------------------------------------------------------------

STALE_US = 500_000
"""A slot this late is not sent any more: its answer would tell of another moment."""
SPARE_FLIGHTS = 64


class Flight:
    """One probe in the air."""

    __slots__ = ("intended_us", "number", "sent_us", "way")

    def __init__(self, number: int, intended_us: int, sent_us: int) -> None:
        self.number, self.intended_us, self.sent_us = number, intended_us, sent_us
        self.way: Any = None
        """What carries it, with an `abort()`."""


class Tally:
    """Counts of one stream, in all and in the last whole second."""

    def __init__(self) -> None:
        self.total = [0] * len(OUTCOMES)
        self._before = self.total.copy()
        self._lateness: list[int] = []
        self.last_failure = ""
        self.second: dict[str, Any] = {}

    def count(self, outcome: int, lateness_us: int) -> None:
        self.total[outcome] += 1
        self._lateness.append(lateness_us)
        if outcome != OK:
            self.last_failure = OUTCOMES[outcome]

    def turn(self) -> None:
        """A second is over."""
        seen = [now - then for now, then in zip(self.total, self._before, strict=True)]
        late = sorted(self._lateness)
        self.second = {
            "ok": seen[OK],
            "failed": sum(seen) - seen[OK],
            "outcomes": {OUTCOMES[index]: count for index, count in enumerate(seen) if count},
            "lateness_p99_us": late[len(late) * 99 // 100] if late else 0,
        }
        self._before = self.total.copy()
        self._lateness = []

    def status(self) -> dict[str, Any]:
        return {
            "ok": self.total[OK],
            "failed": sum(self.total) - self.total[OK],
            "outcomes": {OUTCOMES[index]: count for index, count in enumerate(self.total) if count},
            "last_failure": self.last_failure,
            "last_second": self.second,
        }


class Stream:
    """One series of probes; a kind of probe says in `launch` how one is sent."""

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        self.key = f"{facts['observer']}.{facts['name']}"
        self.spool, self.reactor = spool, reactor
        self.interval_ns = round(facts["interval_s"] * 1e9)
        self.timeout_us = round(facts["timeout_s"] * 1e6)
        in_time = self.timeout_us * 1000 // self.interval_ns if self.interval_ns else 0
        self.most_flights = in_time + SPARE_FLIGHTS
        self.flights: collections.OrderedDict[Flight, None] = collections.OrderedDict()
        self.tally = Tally()
        self.number = 0
        self._buffer = spool.sink(self.key)

    def fire(self, intended_us: int) -> None:
        """The slot at `intended_us` is due."""
        now = monotonic_us()
        self.expire(now)
        self.number += 1
        if now - intended_us > STALE_US or len(self.flights) >= self.most_flights:
            self.record(intended_us, now, now, NOT_SENT)
            return
        flight = Flight(self.number, intended_us, now)
        self.flights[flight] = None
        self.launch(flight)

    def launch(self, flight: Flight) -> None:
        """Send the probe without waiting; sooner or later `finish` must be called."""
        raise NotImplementedError

    def finish(
        self, flight: Flight, outcome: int, code: int = 0, backend: str = "", flags: int = 0
    ) -> None:
        """What became of `flight`; the first word counts."""
        if flight in self.flights:
            del self.flights[flight]
            self.record(
                flight.intended_us, flight.sent_us, monotonic_us(), outcome, code, backend, flags
            )

    def expire(self, now_us: int) -> None:
        """Give up on probes whose time is over. Sent in order, they end in order."""
        while self.flights:
            flight = next(iter(self.flights))
            if now_us - flight.sent_us < self.timeout_us:
                return
            if flight.way is not None:
                flight.way.abort()
            self.finish(flight, TIMEOUT)

    def record(  # noqa: PLR0917 - called for every sample, where keywords cost
        self,
        intended_us: int,
        sent_us: int,
        done_us: int,
        outcome: int,
        code: int = 0,
        backend: str = "",
        flags: int = 0,
    ) -> None:
        """Write down one sample."""
        lateness = min(max(sent_us - intended_us, 0), _U32)
        latency = min(max(done_us - intended_us, 0), _U32)
        index = self.spool.backend(backend) if backend else 0
        self._buffer += RECORD.pack(
            intended_us, lateness, latency, outcome, flags, code & _U16, index, 0
        )
        self.tally.count(outcome, lateness)


class Reactor:
    """Non-blocking sockets in an epoll of their own: one system call to register, none to forget.

    Handlers are called on the edge of any event; a handler must bear being called for nothing,
    because a descriptor's number may have gone to another socket within one round.
    """

    EVENTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        loop.add_reader(self._epoll.fileno(), self.poll)

    def watch(self, fd: int, handler: Callable[[int], None]) -> None:
        """Call `handler(events)` whenever something happens to `fd`."""
        self._handlers[fd] = handler
        self._epoll.register(fd, self.EVENTS)

    def forget(self, fd: int) -> None:
        """Drop the handler; closing the socket takes it out of the epoll."""
        self._handlers.pop(fd, None)

    def poll(self) -> None:
        """Handle what is there, without waiting."""
        for fd, events in self._epoll.poll(0, 256):
            handler = self._handlers.get(fd)
            if handler is not None:
                handler(events)


class Schedule:
    """The intended times of all streams."""

    ROUND = 32
    """After this many probes in a row, answers are looked at."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reactor: Reactor) -> None:
        self._heap: list[tuple[int, int, Stream]] = []
        self._reactor = reactor
        self._alarm = Alarm(loop, self._due)

    def start(self, streams: list[Stream]) -> None:
        """Begin with all streams that have an interval, each at a random phase of it."""
        now = time.monotonic_ns()
        self._heap = [
            (now + random.randrange(stream.interval_ns), index, stream)  # noqa: S311
            for index, stream in enumerate(streams)
            if stream.interval_ns
        ]
        heapq.heapify(self._heap)
        self._due()

    def stop(self) -> None:
        """No more probes."""
        self._heap = []

    def _due(self) -> None:
        heap = self._heap
        sent = 0
        while heap and heap[0][0] <= time.monotonic_ns():
            due_ns, index, stream = heap[0]
            heapq.heapreplace(heap, (due_ns + stream.interval_ns, index, stream))
            stream.fire(due_ns // 1000)
            sent += 1
            if sent % self.ROUND == 0:
                self._reactor.poll()
        if heap:
            self._alarm.set(heap[0][0])


# --- HTTP probes ----------------------------------------------------------------------------------

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER 0: closing sends RST. A thousand connections a second leave neither TIME_WAIT sockets
nor ports in use nor conntrack entries that live for two minutes behind; the answer is whole by
then, so nothing is lost."""
MOST_IDLE = 4
KEPT = frozenset({OK, HTTP_5XX})
"""Outcomes after which a connection may be used again."""
READ_SIZE = 16384


class BadAnswer(Exception):
    """What came back is not HTTP."""


class Answer:
    """One HTTP/1.x answer, as its bytes come in."""

    __slots__ = ("_chunked", "_left", "_pos", "backend", "body", "buffer", "closing", "status")

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.body = bytearray()
        self.status = 0
        self.backend = ""
        self.closing = False
        self._chunked = False
        self._left: int | None = 0
        self._pos = 0

    @property
    def begun(self) -> bool:
        """True when at least one byte came."""
        return bool(self.buffer or self.status)

    def feed(self, data: bytes) -> bool:
        """More bytes; True when the answer is whole. Raises BadAnswer for anything but HTTP."""
        self.buffer += data
        if not self.status and not self._read_head():
            return False
        if self._chunked:
            return self._read_chunks()
        self.body += self.buffer
        self.buffer.clear()
        return self._left is not None and len(self.body) >= self._left

    def whole_at_end(self) -> bool:
        """True for an answer that lasts until the connection is closed."""
        return bool(self.status) and self._left is None and not self._chunked

    def _read_head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > READ_SIZE or not b"HTTP/1.".startswith(self.buffer[:7]):
                raise BadAnswer
            return False
        head = bytes(self.buffer[:end]).lower() + b"\r\n"
        del self.buffer[: end + 4]
        if not (head.startswith(b"http/1.") and head[9:12].isdigit()):
            raise BadAnswer
        self.status = int(head[9:12])
        self.backend = field_of(head, b"x-backend").decode("ascii", "replace")
        self.closing = field_of(head, b"connection") == b"close" or head[7:8] == b"0"
        self._chunked = field_of(head, b"transfer-encoding") == b"chunked"
        length = field_of(head, b"content-length")
        if length and not length.isdigit():
            raise BadAnswer
        self._left = int(length) if length else None
        if self.status in (204, 304):
            self._left = 0
        return True

    def _read_chunks(self) -> bool:
        while True:
            line = self.buffer.find(b"\r\n", self._pos)
            if line < 0:
                return False
            try:
                size = int(bytes(self.buffer[self._pos : line]).partition(b";")[0], 16)
            except ValueError:
                raise BadAnswer from None
            after = line + 2 + size + 2
            if len(self.buffer) < after:
                return False
            if size == 0:
                return True
            self.body += self.buffer[line + 2 : after - 2]
            self._pos = after


def field_of(head: bytes, name: bytes) -> bytes:
    """The value of a header field in a lower-case head; empty when it is not there."""
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()


class Target:
    """Where an HTTP stream goes, from the fields of its spec."""

    def __init__(self, facts: dict[str, Any], url: str = "") -> None:
        parts = urlsplit(url or facts["url"])
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        self.tls = tls_context(facts) if parts.scheme == "https" else None
        self.server_name = facts.get("server_name") or self.host
        self.family, self.address = address_of(self.host, self.port)
        self.headers = {"Host": parts.netloc, **facts.get("headers", {})}
        if facts.get("token"):
            self.headers["Authorization"] = f"Bearer {facts['token']}"

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The bytes of a request."""
        headers = dict(self.headers)
        if body or method not in ("GET", "HEAD"):
            headers["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def address_of(host: str, port: int) -> tuple[int, Any]:
    """Socket family and address; looks the name up unless it is an address already."""
    with contextlib.suppress(ValueError):
        version = ipaddress.ip_address(host).version
        return (socket.AF_INET if version == 4 else socket.AF_INET6), (host, port)
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, address[:2]


def tls_context(facts: dict[str, Any]) -> ssl.SSLContext:
    """The TLS settings of a stream."""
    context = ssl.create_default_context(cafile=facts.get("ca_file") or None)
    if facts.get("insecure"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if facts.get("cert_file"):
        context.load_cert_chain(facts["cert_file"], facts.get("key_file") or None)
    return context


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

    def answered(self, flight: Flight, answer: Answer, outcome: int, flags: int) -> None:
        """A whole answer is there."""
        if outcome == OK and flight in self.flights:
            self.acknowledged(flight.number)
        self.finish(flight, outcome, answer.status, answer.backend, flags)

    def outcome_of(self, answer: Answer) -> int:
        """What a whole answer amounts to."""
        if answer.status in self._expect:
            return OK if self._body_has in answer.body else BAD_ANSWER
        if answer.status >= 500:
            return HTTP_5XX
        return HTTP_4XX if answer.status >= 400 else BAD_ANSWER


class Wire:
    """One connection of an HTTP stream, with at most one request in the air."""

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
        """Send `request`; on a fresh connection as soon as it stands."""
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
            self._fail(BAD_ANSWER)

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
                break  # an unasked answer: this connection is of no more use
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
            self._fail(RESET_IN_BODY if self._answer.begun else RESET)

    def _done(self, *, keep: bool) -> None:
        flight, stream, flags = self._flight, self._stream, self.flags
        outcome = stream.outcome_of(self._answer)
        # An answer that our target does not give came from someone else: while a Service is not
        # routed yet, a connection to its address may end anywhere, and would be kept for ever.
        if keep and stream.keep and outcome in KEPT and len(stream.idle) < MOST_IDLE:
            self._flight = None
            self.flags = 0
            stream.idle.append(self)
        else:
            self.abort()
        if flight is not None:
            stream.answered(flight, self._answer, outcome, flags)

    def _fail(self, outcome: int) -> None:
        flight, flags = self._flight, self.flags
        self.abort()
        if flight is not None:
            self._stream.finish(flight, outcome, self._answer.status, self._answer.backend, flags)


# --- DNS probes -----------------------------------------------------------------------------------

QTYPES = {"A": 1, "AAAA": 28}
_DNS_PORT = 53
_RCODES = {2: SERVFAIL, 3: NXDOMAIN}


def pack_query(ident: int, qname: str, qtype: int) -> bytes:
    """A DNS query for one name, recursion desired."""
    labels = [label.encode("ascii") for label in qname.rstrip(".").split(".") if label]
    if not labels or any(len(label) > 63 for label in labels):
        raise ValueError(f"{qname!r} is no name that DNS can carry")
    packed = b"".join(bytes([len(label)]) + label for label in labels)
    return (
        struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 0)
        + packed
        + struct.pack(">BHH", 0, qtype, 1)
    )


def read_reply(data: bytes, query: bytes) -> tuple[int, int] | None:
    """Response code and number of records of the wanted type; None when it answers another query.

    Raises BadAnswer for a reply that is cut or malformed.
    """
    if len(data) < 12:
        raise BadAnswer
    question = query[12:]
    flags, _, records = struct.unpack_from(">HHH", data, 2)
    if data[:2] != query[:2] or not flags & 0x8000:
        return None
    rcode = flags & 0xF
    if data[12 : 12 + len(question)].lower() != question.lower():
        if rcode and len(data) == 12:
            return rcode, 0  # some servers leave the question out of errors
        raise BadAnswer
    wanted = question[-4:-2]
    return rcode, _count(data, 12 + len(question), records, wanted)


def _count(data: bytes, at: int, records: int, wanted: bytes) -> int:
    found = 0
    for _ in range(records):
        at = _after_name(data, at)
        if at + 10 > len(data):
            raise BadAnswer
        found += data[at : at + 2] == wanted
        at += 10 + int.from_bytes(data[at + 8 : at + 10], "big")
    if at > len(data):
        raise BadAnswer
    return found


def _after_name(data: bytes, at: int) -> int:
    while at < len(data):
        length = data[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            return at + 2
        at += length + 1
    raise BadAnswer


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


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """Read `HOST`, `HOST:PORT`, `IPV6` or `[IPV6]:PORT`."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, int(rest[1:] or port) if rest else port
    if text.count(":") == 1:
        host, _, rest = text.partition(":")
        return host, int(rest)
    return text, port


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

    __slots__ = ("_on_end", "_pending", "_reactor", "_sock", "rcodes", "records")

    def __init__(
        self,
        reactor: Reactor,
        resolver: Resolver,
        queries: list[bytes],
        on_end: Callable[[int | None], None],
    ) -> None:
        """`on_end` gets an outcome when asking failed, or None when all replies are there."""
        self._reactor, self._on_end = reactor, on_end
        self._pending = list(queries)
        self.rcodes: list[int] = []
        self.records = 0
        self._sock = socket.socket(resolver.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._sock.connect(resolver.address)  # so that ICMP errors come back
            for query in queries:
                self._sock.send(query)
            reactor.watch(self._sock.fileno(), self._on_event)
        except OSError:
            self._sock.close()
            raise

    def abort(self) -> None:
        """Close, whatever is going on."""
        self._reactor.forget(self._sock.fileno())
        self._sock.close()

    def _on_event(self, _events: int) -> None:
        try:
            while self._pending:
                self._take(self._sock.recv(4096))
        except BlockingIOError:
            return
        except OSError as error:
            self._end(outcome_of_error(error, answering=False))
        except BadAnswer:
            self._end(BAD_ANSWER)
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

    def _end(self, outcome: int | None) -> None:
        self.abort()
        self._on_end(outcome)


class DnsStream(Stream):
    """Single queries for a fully qualified name."""

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__(facts, spool, reactor)
        self._resolver = Resolver(facts)
        self._expect = facts.get("expect", "answer")
        self._query = pack_query(0, facts["qname"], QTYPES[facts.get("qtype", "A")])[2:]

    def launch(self, flight: Flight) -> None:
        ident = random.getrandbits(16).to_bytes(2, "big")

        def ended(outcome: int | None) -> None:
            rcode = question.rcodes[0] if question.rcodes else 0
            self.finish(flight, self._outcome(question) if outcome is None else outcome, rcode)

        try:
            question = Question(self.reactor, self._resolver, [ident + self._query], ended)
        except OSError as error:
            self.finish(flight, outcome_of_error(error, answering=False))
            return
        flight.way = question

    def _outcome(self, question: Question) -> int:
        rcode = question.rcodes[0]
        if self._expect == "nxdomain":
            if rcode == 3:
                return OK
            return _RCODES.get(rcode, DNS_ERROR) if rcode else BAD_ANSWER
        if rcode:
            return _RCODES.get(rcode, DNS_ERROR)
        return OK if question.records or self._expect == "noerror" else BAD_ANSWER


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

        def ended(outcome: int | None) -> None:
            outcome = self._outcome(question) if outcome is None else outcome
            if outcome == NXDOMAIN and place + 1 < len(self._names):
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
    def _outcome(question: Question) -> int:
        if question.records:
            return OK
        bad = [rcode for rcode in question.rcodes if rcode not in (0, 3)]
        return _RCODES.get(bad[0], DNS_ERROR) if bad else NXDOMAIN


# --- watch ----------------------------------------------------------------------------------------


class WatchStream(Stream):
    """How long an acknowledged write takes to come out of a watch.

    A sample begins when the API server has acknowledged a write of the paired stream and ends when
    the watch shows it or a later one. A watch that is closed is taken up again; one that is silent
    for `timeout_s` while writes are outstanding is half-open and is opened anew.
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
            self.finish(flight, OK)

    def expire(self, now_us: int) -> None:
        overdue = len(self.flights)
        super().expire(now_us)
        silent = now_us - self._heard_us > self.timeout_us
        if overdue > len(self.flights) and silent and self._writer is not None:
            self._writer.transport.abort()

    async def follow(self) -> None:
        """List and watch for ever."""
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
            self.finish(flight, OK)

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


# --- HTTP server ----------------------------------------------------------------------------------

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}
MOST_REQUEST = 2**20


class Request:
    """One request, read to its end."""

    __slots__ = ("body", "method", "target")

    def __init__(self, method: str, target: str, body: bytes) -> None:
        self.method, self.target, self.body = method, target, body

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2]))


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
        method, target, _ = head[: head.find(b"\r\n")].decode("latin-1").split(" ", 2)
        request = Request(method, target, bytes(self._buffer[end + 4 : body_end]))
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
        """Accept connections at `bind` (HOST:PORT; port 0 lets the kernel choose, once)."""
        host, port = host_and_port(self.bind, 0)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, self.port or port))
        self.port = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Peer(self), sock=sock, backlog=1024)

    def close_door(self) -> None:
        """Stop listening: new connections are refused, those that stand remain."""
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


# --- workload -------------------------------------------------------------------------------------

OUTAGES = ("503", "refuse", "reset", "hang", "stall", "cut-body")


class Workload(Site):
    """A small web service that says which pod answered.

    Planted outages (`POST /outage?kind=KIND&ms=MS`, only with --plantable), decided for each
    request by the time at which it arrives:
      503       an error is answered          reset     the connection is reset
      hang      no answer ever                stall     the answer comes when the outage is over
      cut-body  half of the body, then reset  refuse    the listening socket is closed
    """

    IDLE_GRACE_US = 1_000_000
    """While draining, a kept connection may ask once more within this time and is then told to
    close; closing it at once would race with a request that is already on its way."""

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args.bind)
        self._on_term, self._drain_s = args.on_term, args.drain_s
        self._plantable, self._work_s = args.plantable, args.work_ms / 1000
        self._draining = False
        self._outage = ("", 0)
        self.outages: list[dict[str, Any]] = []
        self.ended = asyncio.Event()
        name, node = (
            os.environ.get("POD_NAME", socket.gethostname()),
            os.environ.get("NODE_NAME", ""),
        )
        headers = {"X-Backend": name, "X-Node": node}
        body = json.dumps({"pod": name, "node": node}).encode() + b"\n"
        self._answers = {
            close: answer_bytes(200, body, headers, close=close) for close in (False, True)
        }
        self._cut = self._answers[False][: -(len(body) // 2)]
        self._error = answer_bytes(503, b'{"planted": true}\n', headers)

    def serve(self, request: Request, peer: Peer) -> None:
        if request.method == "POST" and request.path == "/outage" and self._plantable:
            peer.send(self._plant(request.query))
        elif request.path == "/outages" and self._plantable:
            peer.send(answer_json(200, self.outages))
        elif request.path == "/readyz":
            peer.send(answer_bytes(200, b"ok\n"))
        elif monotonic_us() < self._outage[1]:
            self._serve_outage(peer)
        elif self._work_s:
            asyncio.get_running_loop().call_later(self._work_s, self._answer, peer)
        else:
            self._answer(peer)

    def _answer(self, peer: Peer) -> None:
        peer.send(self._answers[self._draining], close=self._draining)

    def _serve_outage(self, peer: Peer) -> None:
        kind, until_us = self._outage
        if kind == "503":
            peer.send(self._error)
        elif kind == "reset":
            reset(peer)
        elif kind == "cut-body":
            peer.send(self._cut)
            asyncio.get_running_loop().call_later(0.005, reset, peer)
        elif kind == "stall":
            left_s = (until_us - monotonic_us()) / 1e6
            asyncio.get_running_loop().call_later(left_s, self._answer, peer)
        elif kind == "refuse":
            self._answer(peer)

    def _plant(self, query: dict[str, str]) -> bytes:
        kind, length_us = query.get("kind", ""), int(float(query.get("ms", "0")) * 1000)
        now = monotonic_us()
        if kind not in OUTAGES or length_us <= 0 or now < self._outage[1]:
            return answer_json(
                400, {"error": f"kind must be one of {OUTAGES}, ms above 0, no other"}
            )
        outage = {"kind": kind, "begin_us": now, "end_us": now + length_us}
        self.outages.append(outage)
        self._outage = (kind, now + length_us)
        if kind == "refuse":
            self.close_door()
            start(self._reopen(outage, length_us))
        return answer_json(200, outage)

    async def _reopen(self, outage: dict[str, Any], length_us: int) -> None:
        await asyncio.sleep(length_us / 1e6)
        await self.listen()
        outage["end_us"] = monotonic_us()

    def on_term(self) -> None:
        """SIGTERM: leave at once, or drain first."""
        if self._on_term == "exit":
            os._exit(0)
        if not self._draining:
            self._draining = True
            start(self._drain())

    async def _drain(self) -> None:
        until = monotonic_us() + self._drain_s * 1e6
        self.met_us = max(self.met_us, monotonic_us())
        while monotonic_us() < until:
            now = monotonic_us()
            for peer in list(self.peers):
                if not peer.owed and now - peer.used_us > self.IDLE_GRACE_US:
                    peer.transport.close()
            if not self.peers and now - self.met_us > self.IDLE_GRACE_US:
                break
            await asyncio.sleep(0.05)
        self.ended.set()


def reset(peer: Peer) -> None:
    """Close with RST, whatever is still unsent."""
    sock = peer.transport.get_extra_info("socket")
    if sock is not None and not peer.transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    peer.transport.abort()


_tasks: set[asyncio.Task[Any]] = set()


def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Run `work` beside everything else; the event loop alone would not keep it alive."""
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


# --- prober ---------------------------------------------------------------------------------------

KINDS: dict[str, type[Stream]] = {
    "http": HttpStream,
    "dns": DnsStream,
    "dns-search": DnsSearchStream,
    "watch": WatchStream,
}
HOUSEKEEPING_S = 0.1
FLUSH_S = 0.5
COLLECT_S = 10.0


class Prober:
    """All streams of one spec, and their spool."""

    def __init__(self, spec: dict[str, Any], spool_root: Path) -> None:
        loop = asyncio.get_running_loop()
        self.spool = Spool(spool_root, spec["run"], spec["streams"])
        self._reactor = Reactor(loop)
        self._schedule = Schedule(loop, self._reactor)
        self.streams = [
            KINDS[facts["kind"]](facts, self.spool, self._reactor) for facts in spec["streams"]
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

    async def _keep_house(self) -> None:
        turn = monotonic_us() + 1_000_000
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            now = monotonic_us()
            for stream in self.streams:
                stream.expire(now)
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


class Control(Site):
    """What the framework asks of a prober."""

    def __init__(self, bind: str, prober: Prober) -> None:
        super().__init__(bind)
        self._prober = prober

    def serve(self, request: Request, peer: Peer) -> None:
        if request.method == "POST":
            start(self._stop(request, peer))
        elif request.path == "/clock":
            clock = {"monotonic_us": monotonic_us(), "unix_us": time.time_ns() // 1000}
            peer.send(answer_json(200, {**clock, "boot_id": boot_id()}))
        elif request.path == "/status":
            peer.send(answer_json(200, self._prober.status()))
        elif request.path == "/spool":
            peer.send(answer_json(200, self._prober.spool.files()))
        elif request.path.startswith("/spool/"):
            offset = int(request.query.get("from", "0"))
            data = self._prober.spool.read(request.path.removeprefix("/spool/"), offset)
            kind = {"Content-Type": "application/octet-stream"}
            peer.send(answer_bytes(404 if data is None else 200, data or b"", kind))
        else:
            peer.send(answer_json(404, {"error": f"nothing at {request.path}"}))

    async def _stop(self, request: Request, peer: Peer) -> None:
        if request.path != "/stop":
            peer.send(answer_json(404, {"error": f"nothing at {request.path}"}))
            return
        await self._prober.stop()
        peer.send(answer_json(200, {"stopped": True}))


# --- process --------------------------------------------------------------------------------------


def rss_bytes() -> int:
    """Resident memory of this process."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def raise_priority(wish: str) -> None:
    """Try to be on time on starved cores: real time, else nice, as far as it is granted.

    Real time also needs a share of it for the control group; where groups have none (cgroup v1
    with real-time group scheduling), someone on the machine may grant it later.
    """
    if wish == "rr":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
            return
    if wish in {"rr", "nice"}:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, -15)


def priority() -> str:
    """How urgent this process is now: `rr 1`, `nice -15` or `none`."""
    if os.sched_getscheduler(0) == os.SCHED_RR:
        return f"rr {os.sched_getparam(0).sched_priority}"
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    return f"nice {nice}" if nice else "none"


def raise_limits() -> None:
    """As many open sockets as are allowed: probes that time out keep theirs for a while."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def tune_gc() -> None:
    """No collection in the middle of a probe: `_keep_flushing` collects."""
    gc.collect()
    gc.freeze()
    gc.disable()


def write_ready(path: str, port: int) -> None:
    """Tell a parent process, by a file that is there whole or not at all, where we listen."""
    if path:
        part = Path(path + ".part")
        part.write_text(json.dumps({"port": port, "pid": os.getpid()}))
        part.replace(path)


async def serve(args: argparse.Namespace) -> None:
    """Be the workload until SIGTERM."""
    site = Workload(args)
    loop = asyncio.get_running_loop()
    if args.warm_up_s:
        await asyncio.sleep(args.warm_up_s)  # SIGTERM ends it at once: it serves nobody yet
    await site.listen()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, site.on_term)
    write_ready(args.ready_file, site.port)
    tune_gc()
    await site.ended.wait()


def end_with(pid: int, ended: asyncio.Event) -> None:
    """Set `ended` when the process `pid` has ended, however that came; 0 is no process."""
    if not pid:
        return
    try:
        owner = os.pidfd_open(pid)
    except ProcessLookupError:
        ended.set()
    else:
        asyncio.get_running_loop().add_reader(owner, ended.set)


async def probe(args: argparse.Namespace) -> None:
    """Probe until SIGTERM or the end of the owner, then write down what is left."""
    raise_limits()
    raise_priority(args.priority)
    prober = Prober(json.loads(Path(args.spec).read_text()), Path(args.spool))
    control = Control(args.listen, prober)
    await control.listen()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    end_with(args.owner_pid, ended)
    write_ready(args.ready_file, control.port)
    tune_gc()
    prober.start()
    await ended.wait()
    await prober.flush()


def parse_args(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="upgrade-e2e agent: workload server and prober")
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="a small web service")
    server.add_argument("--bind", default="0.0.0.0:8080", help="HOST:PORT")
    server.add_argument("--on-term", choices=("exit", "drain"), default="drain")
    server.add_argument("--drain-s", type=float, default=10.0, help="longest time to drain")
    server.add_argument("--warm-up-s", type=float, default=0.0, help="time before it listens")
    server.add_argument("--work-ms", type=float, default=0.0, help="time that each answer takes")
    server.add_argument("--plantable", action="store_true", help="allow POST /outage")
    prober = commands.add_parser("probe", help="send probes")
    prober.add_argument("--spec", required=True, help="file with the streams (JSON)")
    prober.add_argument("--spool", required=True, help="folder for the samples")
    prober.add_argument("--listen", default="0.0.0.0:9464", help="HOST:PORT of the control")
    prober.add_argument("--owner-pid", type=int, default=0, help="end when this process ends")
    prober.add_argument("--priority", choices=("rr", "nice", "none"), default="rr")
    for command in (server, prober):
        command.add_argument("--ready-file", default="", help="written when listening: port, pid")
    return parser.parse_args(argv)


def main(argv: list[str]) -> None:
    """Run one of the commands."""
    args = parse_args(argv)
    asyncio.run({"serve": serve, "probe": probe}[args.command](args))


if __name__ == "__main__":
    main(sys.argv[1:])
