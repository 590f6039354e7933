"""The taints with which the nodes of a kind configuration register."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from upgrade_e2e.cluster import Role
from upgrade_e2e.cluster.room import Taints
from upgrade_e2e.providers.kind.numbering import short_names
from upgrade_e2e.providers.kind.own_patches import mappings_in

__all__ = ["registered_taints"]

_CONTROL_PLANE = Role.CONTROL_PLANE.value


def registered_taints(text: str) -> dict[str, Taints]:
    """By short name, the taints of each node whose kubeadm patches say some, even none.

    `text` is a kind configuration that has been checked. Later patches win, and those of a node
    over those of the whole cluster, as kind applies them; `taints: null` is kubeadm's default.
    A patch that is no YAML and taints that are no taints are left to kind, which refuses them.
    """
    config = next(mappings_in(text), {})
    nodes = config.get("nodes") or [{}]
    names = short_names(node.get("role") or _CONTROL_PLANE for node in nodes)
    found: dict[str, Taints] = {}
    for name, node in zip(names, nodes, strict=True):
        kind = "InitConfiguration" if name == _CONTROL_PLANE else "JoinConfiguration"
        for patch in (*_patches(config), *_patches(node)):
            registration = patch.get("nodeRegistration")
            taints: Any = registration.get("taints") if isinstance(registration, Mapping) else None
            if patch.get("kind") == kind and _are_taints(taints):
                found[name] = taints
    return found


def _patches(of: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for text in of.get("kubeadmConfigPatches") or ():
        yield from mappings_in(text)


def _are_taints(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(taint, Mapping) and {"key", "effect"} <= taint.keys() for taint in value
    )
