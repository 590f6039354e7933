"""A DNS server on loopback whose names say how it answers."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

RECORDS = {
    "A": struct.pack(">HHIH4s", 1, 1, 5, 4, bytes([10, 0, 0, 1])),
    "AAAA": struct.pack(">HHIH16s", 28, 1, 5, 16, bytes([0xFD, *bytes(14), 1])),
}
"""A record of each type, after the name that it is of."""
RCODES = {"servfail": 2, "nxdomain": 3, "refused": 5}


@contextlib.contextmanager
def name_server(
    known: frozenset[str] = frozenset(), qtype: str = "A", host: str = "127.0.0.1"
) -> Iterator[int]:
    """Answers by the first label: `servfail.x`, `silence.x`, `noise.x`, `nodata.x`, ...

    With `known`, these names have a record of `qtype` (and no other) and all others do not exist.
    Yields the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((host, 0))

    def run() -> None:
        while True:
            query, peer = sock.recvfrom(4096)
            if query == b"end":
                return
            for reply in replies(query, known, qtype):
                sock.sendto(reply, peer)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield int(sock.getsockname()[1])
    finally:
        sock.sendto(b"end", sock.getsockname())
        thread.join(5)
        sock.close()


def replies(query: bytes, known: frozenset[str], qtype: str) -> list[bytes]:
    """What is sent back: nothing, one reply, or a wrong one before the right one."""
    name, end = read_name(query)
    is_a = query[end : end + 2] == b"\x00\x01"
    first = name.partition(".")[0]
    if known:
        there = name in known
        has = there and query[end : end + 2] == RECORDS[qtype][:2]
        return [reply(query, 0 if there else 3, with_a=has, record=RECORDS[qtype])]
    if first == "silence":
        return []
    if first == "noise":
        return [query[:2] + b"\x81"]
    if first == "forged":
        wrong = bytes([query[0] ^ 0xFF]) + query[1:]
        return [reply(wrong, 3, with_a=False), reply(query, 0, with_a=is_a)]
    if first == "nodata":
        return [reply(query, 0, with_a=False)]
    return [reply(query, RCODES.get(first, 0), with_a=is_a and first not in RCODES)]


def reply(query: bytes, rcode: int, *, with_a: bool, record: bytes = RECORDS["A"]) -> bytes:
    """One reply, with a record or without."""
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, int(with_a), 0, 0)
    return head + query[12:] + (b"\xc0\x0c" + record if with_a else b"")


def read_name(query: bytes) -> tuple[str, int]:
    """The name asked for, and where its type begins."""
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1
