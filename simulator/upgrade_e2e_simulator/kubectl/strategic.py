"""Strategic merge patch: as a merge patch, but keyed lists merge item by item.

The directives are described in the Kubernetes API conventions, section "Strategic Merge Patch".
"""

from __future__ import annotations

from typing import Any

from upgrade_e2e_simulator.kubectl.lists import is_set, strategic_key
from upgrade_e2e_simulator.store import Object

__all__ = ["BadPatch", "strategic_merge"]

_ORDER = "$setElementOrder/"
_DROP = "$deleteFromPrimitiveList/"


class BadPatch(ValueError):
    """A patch that cannot be read."""


def strategic_merge(obj: Object, patch: Any) -> Object:
    """`obj` after `patch`; neither is changed. Raises BadPatch."""
    if not isinstance(patch, dict):
        raise BadPatch("a strategic merge patch must be an object")
    return _merge(obj, patch, at_root=True)


def _merge(obj: Object, patch: Object, *, at_root: bool = False) -> Object:
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    merged = dict(obj)
    if (kept := patch.get("$retainKeys")) is not None:
        merged = {key: value for key, value in merged.items() if key in kept}
    for key, value in patch.items():
        if key.startswith(_DROP):
            field = key.removeprefix(_DROP)
            merged[field] = [item for item in merged.get(field) or () if item not in value]
        elif not key.startswith("$"):
            _merge_field(merged, key, value, at_root=at_root)
    for key, value in patch.items():
        if key.startswith(_ORDER):
            _reorder(merged, key.removeprefix(_ORDER), value, at_root=at_root)
    return merged


def _merge_field(merged: Object, key: str, value: Any, *, at_root: bool) -> None:
    old = merged.get(key)
    if value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
        merged.pop(key, None)
    elif isinstance(value, dict):
        merged[key] = _merge(old if isinstance(old, dict) else {}, value)
    elif isinstance(value, list):
        merged[key] = _merge_list(key, old or [], value, at_root=at_root)
    else:
        merged[key] = value


def _merge_list(field: str, old: list[Any], patch: list[Any], *, at_root: bool) -> list[Any]:
    if is_set(field):
        return [*old, *(item for item in patch if item not in old)]
    key = strategic_key(field, [*old, *patch], at_root=at_root)
    if not key or {"$patch": "replace"} in patch:
        return [item for item in patch if item != {"$patch": "replace"}]
    merged = list(old)
    for item in patch:
        _merge_item(merged, key, item)
    return merged


def _merge_item(merged: list[Any], key: str, item: Object) -> None:
    at = next((i for i, known in enumerate(merged) if known.get(key) == item.get(key)), None)
    if item.get("$patch") == "delete":
        if at is not None:
            del merged[at]
    elif at is None:
        merged.append(_merge({}, item))
    else:
        merged[at] = _merge(merged[at], item)


def _reorder(merged: Object, field: str, order: list[Any], *, at_root: bool) -> None:
    items = merged.get(field)
    if not items:
        return
    key = strategic_key(field, items, at_root=at_root)
    wanted = [item.get(key) if isinstance(item, dict) else item for item in order]

    def place(item: Any) -> int:
        value = item.get(key) if isinstance(item, dict) else item
        return wanted.index(value) if value in wanted else len(wanted)

    merged[field] = sorted(items, key=place)
