"""DNS messages (RFC 1035): reading questions and packing answers."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "AAAA",
    "NOERROR",
    "NOTIMP",
    "NXDOMAIN",
    "SERVFAIL",
    "A",
    "BadQuery",
    "Question",
    "pack",
    "parse",
]

A, AAAA, SRV, ANY = 1, 28, 33, 255
_IN = 1
NOERROR, SERVFAIL, NXDOMAIN, NOTIMP = 0, 2, 3, 4
_HEADER = struct.Struct("!6H")
_TAIL = struct.Struct("!HH")
_RECORD = struct.Struct("!HHHIH")
_ANSWER_FLAGS = 0x8400
"""QR and AA: an answer, with authority."""
_RECURSION = 0x0100
_NAME_AT_QUESTION = 0xC00C


class BadQuery(ValueError):
    """A packet that is not a query."""


@dataclass(frozen=True)
class Question:
    """What is asked: a name in lower case without the last dot, and a type."""

    ident: int
    flags: int
    name: str
    qtype: int
    raw: bytes


def parse(packet: bytes) -> Question:
    """Read a query of one question. Raises BadQuery."""
    if len(packet) < _HEADER.size:
        raise BadQuery("too short")
    ident, flags, count, *_ = _HEADER.unpack_from(packet)
    if flags & 0x8000 or count != 1:
        raise BadQuery("not a query of one question")
    labels, at = [], _HEADER.size
    try:
        while length := packet[at]:
            labels.append(packet[at + 1 : at + 1 + length].decode("ascii", "replace"))
            at += length + 1
        qtype, _ = _TAIL.unpack_from(packet, at + 1)
    except (IndexError, struct.error) as error:
        raise BadQuery("cut off") from error
    raw = packet[_HEADER.size : at + 1 + _TAIL.size]
    return Question(ident, flags, ".".join(labels).lower(), qtype, raw)


def pack(question: Question, rcode: int, addresses: Sequence[str] = (), ttl_s: int = 30) -> bytes:
    """The answer: `addresses` become A records of the name that was asked."""
    flags = _ANSWER_FLAGS | (question.flags & _RECURSION) | rcode
    head = _HEADER.pack(question.ident, flags, 1, len(addresses), 0, 0)
    records = [
        _RECORD.pack(_NAME_AT_QUESTION, A, _IN, ttl_s, 4) + socket.inet_aton(address)
        for address in addresses
    ]
    return b"".join([head, question.raw, *records])
