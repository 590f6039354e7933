"""What a new pod knocks at: each try has a socket of its own, as a client that begins anew has.

A kept UDP socket would go on being sent to where conntrack sent it first, and a kept SYN is sent
again only after a second.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from pathlib import Path
from typing import Any

from .dnswire import QTYPES, pack_query, read_reply
from .layout import Outcome
from .socket_errors import BY_ERRNO, BadAnswer

DNS_PORT = 53
KUBELET_PORT = 10250
"""A gateway is asked here: the node's own kubelet listens there, and a refusal is an answer too."""
MOST_REPLY = 4096
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_RCODES = {2: Outcome.SERVFAIL, 3: Outcome.NXDOMAIN}
_ROUTES, _ROUTES6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
_NOWHERE = "0" * 32


class TcpTarget:
    """A port that must take connections; one that is only `alive` may refuse them."""

    events = select.EPOLLIN | select.EPOLLOUT

    def __init__(self, family: int, address: Any, *, alive: bool = False) -> None:
        self._family, self._address, self._alive = family, address, alive

    def send(self) -> socket.socket:
        """Begin to connect; raises OSError for what is refused at once."""
        sock = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        code = sock.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            raise OSError(code, os.strerror(code))
        return sock

    def read(self, sock: socket.socket) -> Outcome | None:
        """What became of a try that something happened to; None for nothing yet."""
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return self.judged(OSError(code, os.strerror(code))) if code else Outcome.OK

    def judged(self, error: OSError) -> Outcome:
        """What an error says of the target."""
        if self._alive and error.errno == errno.ECONNREFUSED:
            return Outcome.OK
        return BY_ERRNO.get(error.errno or 0, Outcome.OTHER)


class DnsTarget:
    """One query for a name that exists."""

    events = select.EPOLLIN

    def __init__(self, server: str, qname: str, qtype: str) -> None:
        self._family, self._address = tcp_address(server, DNS_PORT)
        self._question = pack_query(0, qname, QTYPES[qtype])[2:]

    def send(self) -> socket.socket:
        """Ask; raises OSError for what is refused at once."""
        sock = socket.socket(self._family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            sock.connect(self._address)  # so that ICMP errors come back
            sock.send(os.urandom(2) + self._question)
        except OSError:
            sock.close()
            raise
        return sock

    def read(self, sock: socket.socket) -> Outcome | None:
        """See TcpTarget."""
        try:
            data = sock.recv(MOST_REPLY)
            # Only its own answer reaches a connected socket that asks once.
            reply = read_reply(data, data[:2] + self._question)
        except BlockingIOError:
            return None
        except OSError as error:
            return self.judged(error)
        except BadAnswer:
            return Outcome.BAD_ANSWER
        if reply is None:
            return None
        code, records = reply
        if code:
            return _RCODES.get(code, Outcome.DNS_ERROR)
        return Outcome.OK if records else Outcome.BAD_ANSWER

    def judged(self, error: OSError) -> Outcome:
        """See TcpTarget."""
        return BY_ERRNO.get(error.errno or 0, Outcome.OTHER)


def tcp_address(text: str, port: int = 0) -> tuple[int, tuple[str, int]]:
    """Family and address of `IP:PORT` or `[IP]:PORT`, or of an address alone with `port`."""
    host, number = text, ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        number = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, number = text.partition(":")
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, int(number or port))


def name_server(path: str = "/etc/resolv.conf") -> str:
    """The first name server of this pod; raises ValueError where none is named."""
    for line in Path(path).read_text().splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and len(words) > 1:
            return words[1]
    raise ValueError(f"{path} names no name server")


def gateway(routes: Path = _ROUTES, routes6: Path = _ROUTES6) -> tuple[int, Any] | None:
    """Family and address of this pod's default gateway; None where it has none."""
    for words in _rows(routes):
        if words[1] == "00000000" and words[2] not in ("00000000", "Gateway"):
            host = socket.inet_ntoa(struct.pack("<I", int(words[2], 16)))
            return socket.AF_INET, (host, KUBELET_PORT)
    for words in _rows(routes6):
        if words[0] == _NOWHERE and words[1] == "00" and words[4] != _NOWHERE:
            host = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(words[4]))
            return socket.AF_INET6, (host, KUBELET_PORT, 0, socket.if_nametoindex(words[9]))
    return None


def _rows(path: Path) -> list[list[str]]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    return [words for words in map(str.split, lines) if len(words) >= 10]
