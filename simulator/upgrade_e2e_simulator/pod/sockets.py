"""A pod's network: its own address, and the service table of its node applied at connect().

Service addresses are translated when a program connects or sends, as a socket-level load balancer
does (Cilium's, for instance), so nothing stands between client and backend: a backend that is gone
refuses the connection itself, and an unknown service address is one that nobody listens on.
"""

from __future__ import annotations

import errno
import json
import os
import random
import socket
import time
from typing import Any

__all__ = ["ServiceTable", "install"]

_BIND_ADDRESS_NO_PORT = 24
"""IP_BIND_ADDRESS_NO_PORT of linux/in.h: choose the source address now and its port later."""
_ANY = frozenset({"", "0.0.0.0", "127.0.0.1", "localhost"})  # noqa: S104 - rewritten, never bound
_stat, _open = os.stat, open


class ServiceTable:
    """What the node's service proxy knows, read again whenever its file was replaced."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._services: dict[str, list[list[Any]]] = {}
        self.drop_dns = 0.0
        self.dns_delay_s = 0.0

    def refresh(self) -> None:
        """Read the file if it is another one than before."""
        try:
            found = _stat(self._path)
        except FileNotFoundError:
            return
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            with open(self._path, "rb", opener=os.open) as file:
                table = json.load(file)
            self._services = table["services"]
            self.drop_dns, self.dns_delay_s = table["drop_dns"], table["dns_delay_s"]
            self._stamp = stamp

    def backend(self, protocol: str, host: str, port: int) -> tuple[str, int]:
        """An endpoint of the service at this address; the address itself when there is none."""
        self.refresh()
        endpoints = self._services.get(f"{protocol}/{host}:{port}")
        if not endpoints:
            return host, port
        chosen = random.choice(endpoints)  # noqa: S311 - not for secrets
        return chosen[0], chosen[1]


class PodNetwork:
    """The rules for this process."""

    def __init__(self, pod: dict[str, Any]) -> None:
        self.ip: str = pod["ip"]
        self.works_at_s: float = pod["network_at_s"]
        self.table = ServiceTable(pod["table"])
        self._asked: dict[tuple[str, int], tuple[str, int]] = {}

    def outward(self, sock: socket.socket, address: Any) -> Any:
        """The real target of a connection to `address`, with the pod's address as its source."""
        if sock.family != socket.AF_INET:
            return address
        if time.monotonic() < self.works_at_s:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        if raw.getsockname(sock)[1] == 0:
            raw.setsockopt(sock, socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
            raw.bind(sock, (self.ip, 0))
        host, port = address
        if host in _ANY:
            return self.ip, port
        protocol = "udp" if sock.type == socket.SOCK_DGRAM else "tcp"
        return self.table.backend(protocol, host, port)

    def outward_from(self, sock: socket.socket, address: Any) -> Any:
        """As `outward`, for single datagrams: the answer is to come from `address`."""
        target = self.outward(sock, address)
        if target != address:
            self._asked[target] = address
        return target

    def inward(self, address: Any) -> Any:
        """The address that was asked, of an answer from `address`."""
        return self._asked.get(address, address)

    def own(self, sock: socket.socket, address: Any) -> Any:
        """Where a bind() to `address` really goes: any address means the pod's."""
        if sock.family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "simulated pods have IPv4 only")
        if sock.family == socket.AF_INET and address[0] in _ANY:
            return self.ip, address[1]
        return address


class _Raw:
    """The calls as they were before."""

    connect = staticmethod(socket.socket.connect)
    connect_ex = staticmethod(socket.socket.connect_ex)
    bind = staticmethod(socket.socket.bind)
    sendto = staticmethod(socket.socket.sendto)
    recvfrom = staticmethod(socket.socket.recvfrom)
    getsockname = staticmethod(socket.socket.getsockname)
    setsockopt = staticmethod(socket.socket.setsockopt)


raw: Any = _Raw


def install(pod: dict[str, Any]) -> None:
    """Give this process the pod's network. Never undone: the process belongs to the container."""
    network = PodNetwork(pod)

    def connect(self: socket.socket, address: Any) -> None:
        raw.connect(self, network.outward(self, address))

    def connect_ex(self: socket.socket, address: Any) -> int:
        return int(raw.connect_ex(self, network.outward(self, address)))

    def bind(self: socket.socket, address: Any) -> None:
        raw.bind(self, network.own(self, address))

    def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        *flags, address = rest
        target = network.outward_from(self, address)
        return int(raw.sendto(self, data, *flags, target))

    def recvfrom(self: socket.socket, *args: Any) -> Any:
        data, address = raw.recvfrom(self, *args)
        return data, network.inward(address)

    for call in (connect, connect_ex, bind, sendto, recvfrom):
        setattr(socket.socket, call.__name__, call)
    socket.gethostname = lambda: str(pod["hostname"])
