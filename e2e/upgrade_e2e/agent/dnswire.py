"""DNS messages: queries are packed, replies are read."""

from __future__ import annotations

import functools
import struct

from .socket_errors import BadAnswer

QTYPES = {"A": 1, "AAAA": 28}


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
    if data[:2] != query[:2]:
        return None
    return _read_rest(data[2:], query[12:])


@functools.lru_cache(256)
def _read_rest(rest: bytes, question: bytes) -> tuple[int, int] | None:
    """What follows the id. The same answer comes many times a second, so it is read once."""
    data = b"\0\0" + rest
    flags, _, records = struct.unpack_from(">HHH", data, 2)
    if not flags & 0x8000:
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
