"""Which lists are maps in disguise: their items are identified by a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["apply_keys", "is_set", "strategic_key"]

_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "conditions": ("type",),
    "addresses": ("type",),
    "hostAliases": ("ip",),
    "podIPs": ("ip",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey",),
}
"""Field name -> the keys that its items may have, as the API's types declare them."""

_ATOMIC_AT_ROOT = frozenset({"ports", "addresses"})
_SETS = frozenset({"finalizers"})
_PROTOCOL_DEFAULT = "TCP"


def strategic_key(field: str, items: Sequence[Any], *, at_root: bool) -> str:
    """The merge key of the list `field`, given items of it; empty when it is replaced whole.

    At the root of an object (an EndpointSlice's ports) such lists are replaced whole.
    """
    if at_root and field in _ATOMIC_AT_ROOT:
        return ""
    for key in _KEYS.get(field, ()):
        if all(isinstance(item, dict) and key in item for item in items if not _directive(item)):
            return key
    return ""


def _directive(item: Any) -> bool:
    return isinstance(item, dict) and set(item) == {"$patch"}


def is_set(field: str) -> bool:
    """Whether the list is a set of plain values, which merge by union."""
    return field in _SETS


def apply_keys(field: str, items: Sequence[Any], *, at_root: bool) -> tuple[tuple[str, Any], ...]:
    """Key names, with the value that stands for a missing one, for server-side apply.

    Ports are identified by number and protocol there; empty when the list is atomic.
    """
    key = strategic_key(field, items, at_root=at_root)
    if not key:
        return ()
    if field == "ports":
        return ((key, None), ("protocol", _PROTOCOL_DEFAULT))
    return ((key, None),)
