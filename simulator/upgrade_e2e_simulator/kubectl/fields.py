"""Sets of fields, as server-side apply records them in metadata.managedFields (fieldsV1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from upgrade_e2e_simulator.kubectl.lists import apply_keys, is_set
from upgrade_e2e_simulator.store import Object

__all__ = ["Fields", "Path", "fields_of", "find", "from_v1", "item_key", "to_v1", "without"]

Path = tuple[str, ...]
Fields = frozenset[Path]
_MISSING = object()
_IDENTITY = frozenset({("f:apiVersion",), ("f:kind",)})
_SERVER_SET = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "managedFields",
        "selfLink",
    }
)


def fields_of(obj: Object) -> Fields:
    """Every field that `obj` sets, but those that name it or that the server sets."""
    return frozenset(
        path
        for path in _walk(obj, (), at_root=True)
        if path not in _IDENTITY
        and not (path[0] == "f:metadata" and len(path) > 1 and path[1][2:] in _SERVER_SET)
    )


def _walk(value: Any, path: Path, *, at_root: bool = False) -> Iterator[Path]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _walk_field(key, item, (*path, f"f:{key}"), at_root=at_root)
    else:
        yield path


def _walk_field(field: str, value: Any, path: Path, *, at_root: bool) -> Iterator[Path]:
    if not isinstance(value, list):
        yield from _walk(value, path)
        return
    keys = apply_keys(field, value, at_root=at_root)
    if is_set(field):
        yield from ((*path, f"v:{json.dumps(item)}") for item in value)
    elif not keys:
        yield path
    else:
        for item in value:
            place = (*path, item_key(item, keys))
            yield place
            yield from (found for found in _walk(item, place) if found != place)


def item_key(item: Object, keys: tuple[tuple[str, Any], ...]) -> str:
    """`k:{"name":"web"}`"""
    values = {key: item.get(key, missing) for key, missing in keys}
    return "k:" + json.dumps(values, separators=(",", ":"), sort_keys=True)


def find(obj: Any, path: Path) -> tuple[bool, Any]:
    """Whether `obj` has the field, and its value."""
    for step in path:
        obj = _step(obj, step)
        if obj is _MISSING:
            return False, None
    return True, obj


def _step(obj: Any, step: str) -> Any:
    kind, rest = step[:2], step[2:]
    if kind == "f:":
        return obj.get(rest, _MISSING) if isinstance(obj, dict) else _MISSING
    if not isinstance(obj, list):
        return _MISSING
    wanted = json.loads(rest)
    if kind == "v:":
        return wanted if wanted in obj else _MISSING
    return next((item for item in obj if _matches(item, wanted)), _MISSING)


def _matches(item: Any, wanted: dict[str, Any]) -> bool:
    return isinstance(item, dict) and all(
        item.get(key, "TCP" if key == "protocol" else None) == value
        for key, value in wanted.items()
    )


def without(obj: Any, path: Path) -> Any:
    """`obj` without that field; parents that it leaves empty stay."""
    if not path or _step(obj, path[0]) is _MISSING:
        return obj
    step, rest = path[0], path[1:]
    if step.startswith("f:"):
        below = {} if not rest else {step[2:]: without(obj[step[2:]], rest)}
        return {name: value for name, value in obj.items() if name != step[2:]} | below
    return _without_item(obj, step, rest)


def _without_item(items: list[Any], step: str, rest: Path) -> list[Any]:
    wanted = json.loads(step[2:])
    if step.startswith("v:"):
        return [item for item in items if item != wanted]
    if not rest:
        return [item for item in items if not _matches(item, wanted)]
    return [without(item, rest) if _matches(item, wanted) else item for item in items]


def to_v1(fields: Fields) -> Object:
    """The nested form of fieldsV1."""
    tree: Object = {}
    for path in sorted(fields):
        at = tree
        for step in path:
            at = at.setdefault(step, {})
        if path[-1].startswith("k:"):
            at["."] = {}
    return tree


def from_v1(tree: Object) -> Fields:
    """What `to_v1` wrote."""
    return frozenset(_paths(tree, ()))


def _paths(tree: Object, path: Path) -> Iterator[Path]:
    if not tree and path:
        yield path
    for step, below in tree.items():
        if step == ".":
            yield path
        else:
            yield from _paths(below, (*path, step))
