"""Kubernetes' protobuf bodies: typed Go clients (kubectl create, kubectl drain) send them.

wire.txt has, a line a message, the field numbers of the API's types: `NUMBER=NAME:TYPE`, with the
types s(tring), b(ytes), B(ool), i(nteger), d(ouble) or a message, `*` for a list, `%` for a map.
Answers are always JSON, which those clients accept as well.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["CONTENT_TYPE", "BadProtobuf", "decode"]

CONTENT_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MEANT_ZEROS = frozenset(
    {
        "allowPrivilegeEscalation",
        "automountServiceAccountToken",
        "backoffLimit",
        "blockOwnerDeletion",
        "completions",
        "controller",
        "enableServiceLinks",
        "gracePeriodSeconds",
        "immutable",
        "intVal",
        "minReadySeconds",
        "optional",
        "orphanDependents",
        "parallelism",
        "privileged",
        "readOnlyRootFilesystem",
        "replicas",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "suspend",
        "terminationGracePeriodSeconds",
        "tolerationSeconds",
        "ttlSecondsAfterFinished",
    }
)
"""Optional fields in which zero or false is a choice. All other zeros mean that nothing was said,
since Go writes every field that is not a pointer."""

Field = tuple[str, str]
Value = tuple[int, int, Any]


class BadProtobuf(ValueError):
    """A body that is not what it says it is."""


def decode(body: bytes) -> dict[str, Any]:
    """The object in a body. Raises BadProtobuf."""
    if not body.startswith(_MAGIC):
        raise BadProtobuf("the body has no Kubernetes protobuf prefix")
    try:
        envelope = {number: value for number, _, value in _values(body[len(_MAGIC) :])}
        kind = {number: value.decode() for number, _, value in _values(envelope[1])}
        obj = _message(kind[2], envelope.get(2, b""))
    except (IndexError, KeyError, ValueError, struct.error, AttributeError, TypeError) as error:
        raise BadProtobuf(f"the protobuf body cannot be read: {error!r}") from error
    return {"apiVersion": kind[1], "kind": kind[2], **(obj or {})}


@cache
def _types() -> Mapping[str, Mapping[int, Field]]:
    text = (resources.files(__package__) / "wire.txt").read_text(encoding="ascii")
    types: dict[str, dict[int, Field]] = {}
    for line in text.splitlines():
        name, *fields = line.split()
        types[name] = {}
        for field in fields:
            number, _, rest = field.partition("=")
            key, _, kind = rest.partition(":")
            types[name][int(number)] = (key, kind)
    return types


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def _values(data: bytes) -> Iterator[Value]:
    """Field number, wire type and raw value of everything in a message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, wire, value
        elif wire == _BYTES:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise BadProtobuf("the body is cut off")
            yield number, wire, data[at : at + length]
            at += length
        else:
            size = {_FIXED64: 8, _FIXED32: 4}[wire]
            yield number, wire, data[at : at + size]
            at += size


def _message(kind: str, data: bytes) -> Any:
    if kind in _SPECIAL:
        return _SPECIAL[kind](data)
    fields = _types()[kind]
    found: dict[str, Any] = {}
    for number, _, raw in _values(data):
        if number not in fields:
            continue
        name, said = fields[number]
        if said.startswith("*"):
            found.setdefault(name, []).append(_value(said[1:], raw))
        elif said.startswith("%"):
            entry = {index: value for index, _, value in _values(raw)}
            key = entry.get(1, b"").decode()
            found.setdefault(name, {})[key] = _value(said[1:], entry.get(2, b""))
        else:
            value = _value(said, raw)
            if value or name in _MEANT_ZEROS:
                found[name] = value
    return found


def _value(kind: str, raw: Any) -> Any:
    match kind:
        case "s":
            return raw.decode()
        case "b":
            return base64.b64encode(raw).decode()
        case "B":
            return bool(raw)
        case "i":
            return raw - (1 << 64) if raw >> 63 else raw
        case "d":
            return struct.unpack("<d", raw)[0]
    return _message(kind, raw)


def _plain(data: bytes) -> dict[int, Any]:
    return {number: value for number, _, value in _values(data)}


def _quantity(data: bytes) -> str:
    return str(_plain(data).get(1, b"0").decode())


def _int_or_string(data: bytes) -> int | str:
    found = _plain(data)
    if found.get(1):
        return str(found.get(3, b"").decode())
    return int(_value("i", found.get(2, 0)))


def _time(data: bytes) -> str | None:
    found = _plain(data)
    if not found.get(1):
        return None
    moment = datetime.fromtimestamp(found[1], UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(data: bytes) -> str | None:
    found = _plain(data)
    if not found.get(1):
        return None
    moment = datetime.fromtimestamp(found[1], UTC).replace(microsecond=found.get(2, 0) // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_SPECIAL = {
    "FieldsV1": lambda _: None,
    "IntOrString": _int_or_string,
    "MicroTime": _micro_time,
    "Quantity": _quantity,
    "RawExtension": lambda _: None,
    "Time": _time,
}
