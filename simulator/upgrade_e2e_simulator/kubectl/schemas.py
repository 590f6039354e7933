"""The shape of each kind, taken from the types of the official Python client.

The client is imported at the first use, since that takes a second: most requests never need it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.store import Object

__all__ = ["unknown_fields"]

_LIST = re.compile(r"list\[(.+)\]", re.IGNORECASE)
_MAP = re.compile(r"dict[\[(]str, (.+)[\])]", re.IGNORECASE)

Field = tuple[str, str]
"""What a field holds: `one`, `list` or `map`, and of which type."""


@cache
def _models() -> Any:
    return importlib.import_module("kubernetes.client.models")


@cache
def _fields_of_type(name: str) -> Mapping[str, Field] | None:
    """JSON name -> what the field holds; None for plain values and unknown types."""
    model = getattr(_models(), name, None)
    types = getattr(model, "openapi_types", None)
    if types is None:
        return None
    names: Mapping[str, str] = getattr(model, "attribute_map", {})
    return {names[attribute]: _field(said) for attribute, said in types.items()}


def _field(said: str) -> Field:
    if match := _LIST.fullmatch(said):
        return ("list", match[1])
    if match := _MAP.fullmatch(said):
        return ("map", match[1])
    return ("one", said)


def unknown_fields(resource: Resource, obj: Object) -> list[str]:
    """The paths in `obj` that its kind does not have: `spec.template.spec.containers[0].imgae`."""
    return list(_unknown(obj, f"V1{resource.kind}", ""))


def _unknown(value: Any, kind: str, path: str) -> Iterator[str]:
    fields = _fields_of_type(kind)
    if fields is None or not isinstance(value, dict):
        return
    for key, item in value.items():
        if key.startswith("$"):  # a directive of a strategic merge patch
            continue
        where = f"{path}.{key}" if path else key
        if key not in fields:
            yield where
            continue
        shape, inner = fields[key]
        yield from _inside(shape, inner, item, where)


def _inside(shape: str, inner: str, item: Any, where: str) -> Iterator[str]:
    if shape == "one":
        yield from _unknown(item, inner, where)
    elif shape == "list" and isinstance(item, list):
        for index, entry in enumerate(item):
            yield from _unknown(entry, inner, f"{where}[{index}]")
    elif shape == "map" and isinstance(item, dict):
        for key, entry in item.items():
            yield from _unknown(entry, inner, f"{where}.{key}")
