"""API objects are plain JSON documents. What is stored is never changed in place."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Key", "Object", "copy_of", "labels_of", "name_of", "namespace_of"]

Object = dict[str, Any]


class Key(NamedTuple):
    """Where an object is kept: `resource` is `pods` or `deployments.apps`."""

    resource: str
    namespace: str
    name: str


def name_of(obj: Object) -> str:
    """metadata.name"""
    return str(obj["metadata"]["name"])


def namespace_of(obj: Object) -> str:
    """metadata.namespace; empty for objects of the whole cluster."""
    return str(obj["metadata"].get("namespace", ""))


def labels_of(obj: Object) -> dict[str, str]:
    """metadata.labels; never None."""
    return obj["metadata"].get("labels") or {}


def copy_of(value: Any) -> Any:
    """A deep copy of a JSON document; several times faster than copy.deepcopy."""
    if isinstance(value, dict):
        return {key: copy_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_of(item) for item in value]
    return value
