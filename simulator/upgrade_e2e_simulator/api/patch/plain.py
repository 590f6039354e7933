"""JSON patch (RFC 6902) and merge patch (RFC 7386)."""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer

from upgrade_e2e.providers.sim.store import Object

__all__ = ["BadPatch", "json_patch", "merge_patch"]


class BadPatch(ValueError):
    """A patch that cannot be read, or does not fit the object."""


def json_patch(obj: Object, operations: Any) -> Object:
    """`obj` after a list of operations. Raises BadPatch."""
    if not isinstance(operations, list):
        raise BadPatch("a JSON patch must be a list of operations")
    try:
        patched = jsonpatch.JsonPatch(operations).apply(obj)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise BadPatch(str(error)) from error
    if not isinstance(patched, dict):
        raise BadPatch("the patch does not leave an object")
    return patched


def merge_patch(obj: Any, patch: Any) -> Any:
    """`obj` after a merge patch: objects merge, null deletes, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
