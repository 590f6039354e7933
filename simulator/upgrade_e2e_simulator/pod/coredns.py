"""A small DNS server in the place of CoreDNS: kubernetes zone, health, ready, lameduck.

It reads the same Corefile, as far as `kubernetes`, `health { lameduck }`, `ready` and `loop` go.
Names outside of the cluster's domain do not exist: a simulated network has no outside.
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
import socket
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.IN.A
import dns.rrset

from upgrade_e2e_simulator.pod.apiwatch import Reflector
from upgrade_e2e_simulator.pod.pace import PodEnvironment
from upgrade_e2e_simulator.pod.zone import Zone

__all__ = ["Corefile", "main"]

_SYNC_S = 5.0
"""CoreDNS waits as long for its first lists and then serves what it has."""
_TTL_S = 30


@dataclass(frozen=True)
class Corefile:
    """What the configuration says; `lameduck_s` is as written, not yet at the cluster's pace."""

    domain: str = "cluster.local"
    port: int = 53
    lameduck_s: float = 0.0
    health_port: int = 8080
    ready_port: int = 8181

    @classmethod
    def parse(cls, text: str) -> Corefile:
        """Read a Corefile."""
        domain = re.search(r"\bkubernetes\s+([\w.-]+)", text)
        port = re.search(r"^\s*\.:(\d+)", text, re.MULTILINE)
        lameduck = re.search(r"\blameduck\s+([\d.]+)(ms|s|m)?", text)
        units = {"ms": 0.001, "s": 1.0, "m": 60.0}
        return cls(
            domain=domain[1].rstrip(".") if domain else "cluster.local",
            port=int(port[1]) if port else 53,
            lameduck_s=float(lameduck[1]) * units[lameduck[2] or "s"] if lameduck else 0.0,
        )


class Answering(asyncio.DatagramProtocol):
    """Answers UDP queries."""

    def __init__(self, zone: Zone, environment: PodEnvironment) -> None:
        self._zone = zone
        self._environment = environment
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio; before Python 3.12 its own transport is no DatagramTransport by type."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One query; some get lost on the way when the network drops them."""
        table = self._environment.fresh_table()
        if table.drop_dns and random.random() < table.drop_dns:  # noqa: S311 - not for secrets
            return
        answer = answer_to(data, self._zone)
        if answer is None or self._transport is None:
            return
        if table.dns_delay_s:
            loop = asyncio.get_running_loop()
            loop.call_later(table.dns_delay_s, self._transport.sendto, answer, addr)
        else:
            self._transport.sendto(answer, addr)


def answer_to(packet: bytes, zone: Zone) -> bytes | None:
    """The answer to a query; None for what is not one."""
    try:
        query = dns.message.from_wire(packet)
    except (dns.exception.DNSException, ValueError):
        return None
    if query.flags & dns.flags.QR or len(query.question) != 1:
        return None
    [question] = query.question
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.AA
    name = question.name.to_text(omit_final_dot=True).lower()
    rcode, addresses = zone.answer(name, question.rdtype)
    answer.set_rcode(rcode)
    if addresses:
        kind = dns.rdatatype.A
        found = dns.rrset.from_text_list(question.name, _TTL_S, dns.rdataclass.IN, kind, addresses)
        answer.answer.append(found)
    return answer.to_wire()


async def _serve_tcp(
    zone: Zone, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while head := await reader.read(2):
            packet = await reader.readexactly(int.from_bytes(head, "big"))
            answer = answer_to(packet, zone) or b""
            writer.write(len(answer).to_bytes(2, "big") + answer)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _serve_ok(
    healthy: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        status = b"200 OK" if healthy.is_set() else b"503 Service Unavailable"
        writer.write(
            b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"
        )
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


class Server:
    """All listeners of one replica."""

    def __init__(self, corefile: Corefile, environment: PodEnvironment) -> None:
        self._corefile = corefile
        self._environment = environment
        self._zone = Zone(corefile.domain)
        self._ready, self._healthy = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Serve until SIGTERM and through the lameduck time after it."""
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        self._healthy.set()
        await self._listen_http()
        await self._sync()
        await self._listen_dns()
        self._ready.set()
        await ended.wait()
        await asyncio.sleep(self._environment.paced(self._corefile.lameduck_s))

    async def _sync(self) -> None:
        reflectors = [
            Reflector("/api/v1/services", self._zone.put_service, self._zone.drop_service),
            Reflector(
                "/apis/discovery.k8s.io/v1/endpointslices",
                self._zone.put_slice,
                self._zone.drop_slice,
            ),
        ]
        for reflector in reflectors:
            reflector.start()
        end = time.monotonic() + _SYNC_S
        while time.monotonic() < end and not all(one.synced.is_set() for one in reflectors):
            await asyncio.sleep(0.01)

    async def _listen_dns(self) -> None:
        loop = asyncio.get_running_loop()
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.setblocking(False)
        listener.bind(("0.0.0.0", self._corefile.port))  # noqa: S104 - the pod's address only
        await loop.create_datagram_endpoint(
            lambda: Answering(self._zone, self._environment), sock=listener
        )
        await asyncio.start_server(
            partial(_serve_tcp, self._zone),
            "0.0.0.0",  # noqa: S104 - the pod's address only
            self._corefile.port,
        )

    async def _listen_http(self) -> None:
        for port, state in (
            (self._corefile.health_port, self._healthy),
            (self._corefile.ready_port, self._ready),
        ):
            await asyncio.start_server(
                partial(_serve_ok, state),
                "0.0.0.0",  # noqa: S104 - the pod's address only
                port,
            )


def main(argv: list[str]) -> None:
    """As `coredns -conf FILE`; until SIGTERM."""
    path = argv[argv.index("-conf") + 1] if "-conf" in argv else "Corefile"
    corefile = Corefile.parse(Path(path).read_text(encoding="utf-8"))
    print(f"coredns: {corefile}", file=sys.stderr)
    asyncio.run(_run(corefile))


async def _run(corefile: Corefile) -> None:
    await Server(corefile, PodEnvironment.here()).run()
