"""DNS probes over one socket that is kept."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
from typing import Any

from .dns import MOST_REPLY, UDP, DnsStream
from .dnswire import read_reply
from .failures import BadAnswer, outcome_of_error
from .layout import Outcome
from .reactor import Reactor
from .spool import Spool
from .streams import Flight

_RECVERR = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),  # IP_RECVERR of linux/in.h
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),  # IPV6_RECVERR of linux/in6.h
}
_EXTENDED_ERR = struct.Struct("=I")
"""The beginning of a struct sock_extended_err: the errno."""
_ROOM_FOR_ERRORS = 512
_AGAIN = 3
"""How often a query is sent when errors of earlier ones come in its way."""


class Asked:
    """A query that is in flight over a kept socket."""

    __slots__ = ("_ident", "_stream")

    def __init__(self, ident: int, stream: DnsKeptStream) -> None:
        self._ident, self._stream = ident, stream

    def abort(self) -> None:
        """Wait for it no longer: an answer that still comes belongs to nobody."""
        self._stream.waiting.pop(self._ident, None)
        self._stream.failed = True


class DnsKeptStream(DnsStream):
    """Single queries for a fully qualified name, all over one connected socket.

    The socket and its source port are kept for as long as the prober runs, whatever happens:
    timeouts and ICMP errors do not change them. So conntrack goes on sending these queries to the
    pod that it once chose, dead or not, until somebody removes that entry. Many queries may be in
    flight; ids count up, and an answer belongs to the query of its id and question.

    An ICMP error is given to the query whose bytes it quotes. The kernel keeps these in the error
    queue of the socket (IP_RECVERR). When that query is over already, because it was answered or
    its time had run out, the error belongs to nobody and is dropped. An error that is still pending
    when the next query is sent keeps that one from going out; it is sent again at once, and only
    what goes wrong then is its own failure.
    """

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__(facts, spool, reactor)
        self.sock: socket.socket | None = None
        self._ident = random.getrandbits(16)
        self.waiting: dict[int, Flight] = {}
        self.failed = False

    def launch(self, flight: Flight) -> None:
        self._ident = ident = (self._ident + 1) & 0xFFFF
        self.waiting[ident] = flight
        flight.way = Asked(ident, self)
        try:
            if self.sock is None:
                self.sock = self._open()
            elif self.failed:
                # On Linux this changes nothing: neither the port nor where conntrack sends it. A
                # simulated cluster has no conntrack; it looks for an endpoint when one connects.
                self.sock.connect(self.resolver.address)
            self.failed = False
            self._send(self.sock, ident.to_bytes(2, "big") + self.query)
        except OSError as error:
            self._end(ident, outcome_of_error(error, answering=False))

    def _open(self) -> socket.socket:
        sock = socket.socket(self.resolver.family, UDP)
        try:
            level, option = _RECVERR[socket.AddressFamily(self.resolver.family)]
            sock.setsockopt(level, option, 1)
            sock.connect(self.resolver.address)
            self.reactor.watch(sock.fileno(), self._on_event, select.EPOLLIN)
        except OSError:
            self.reactor.forget(sock.fileno())
            sock.close()
            raise
        return sock

    def _send(self, sock: socket.socket, query: bytes) -> None:
        for left in reversed(range(_AGAIN)):
            try:
                sock.send(query)
            except OSError:
                self._take_errors(sock)
                if not left:
                    raise
            else:
                return

    def _on_event(self, events: int) -> None:
        sock = self.sock
        if sock is None:
            return
        if events & select.EPOLLERR:
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # else it comes out of `recv`
            self._take_errors(sock)
        try:
            data = sock.recv(MOST_REPLY)  # one; the kernel calls again as long as there are more
        except BlockingIOError:
            return
        except OSError:
            self._take_errors(sock)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        """An answer; one to a query that is over is passed over."""
        ident = int.from_bytes(data[:2], "big")
        if ident not in self.waiting:
            return
        try:
            reply = read_reply(data, data[:2] + self.query)
        except BadAnswer:
            self._end(ident, Outcome.BAD_ANSWER)
        else:
            if reply is not None:
                self._end(ident, self.outcome_of(*reply), reply[0])

    def _take_errors(self, sock: socket.socket) -> None:
        """Give each ICMP error to the query that it quotes."""
        with contextlib.suppress(BlockingIOError):
            while True:
                quoted, about, _, _ = sock.recvmsg(
                    MOST_REPLY, _ROOM_FOR_ERRORS, socket.MSG_ERRQUEUE
                )
                ident = int.from_bytes(quoted[:2], "big")
                if quoted[2:] == self.query and ident in self.waiting:
                    (code,) = _EXTENDED_ERR.unpack_from(about[0][2])
                    error = OSError(code, "ICMP error")
                    self.failed = True
                    self._end(ident, outcome_of_error(error, answering=False))

    def _end(self, ident: int, outcome: Outcome, rcode: int = 0) -> None:
        self.finish(self.waiting.pop(ident), outcome, rcode)
