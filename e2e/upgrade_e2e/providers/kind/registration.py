"""The taints with which the nodes of a kind configuration register."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from upgrade_e2e.cluster.room import Taints

__all__ = ["registered_taints"]

_CONTROL_PLANE = "control-plane"


def registered_taints(config: Mapping[str, Any]) -> dict[str, Taints]:
    """By short name, the taints of each node whose kubeadm patches say some, even none.

    `config` is a kind configuration as it was read. Later patches win, and those of a node over
    those of the whole cluster, as kind applies them; `taints: null` is kubeadm's default. What
    kind itself refuses is left to kind.
    """
    counted: Counter[str] = Counter()
    found: dict[str, Taints] = {}
    for node in config.get("nodes") or [{"role": _CONTROL_PLANE}]:
        role = node.get("role", _CONTROL_PLANE)
        counted[role] += 1
        name = role if counted[role] == 1 else f"{role}{counted[role]}"
        kind = "InitConfiguration" if name == _CONTROL_PLANE else "JoinConfiguration"
        for patch in (*_patches(config), *_patches(node)):
            registration = patch.get("nodeRegistration") or {}
            if patch.get("kind") == kind and registration.get("taints") is not None:
                found[name] = registration["taints"]
    return found


def _patches(of: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for text in of.get("kubeadmConfigPatches") or ():
        for patch in yaml.safe_load_all(text):
            if isinstance(patch, Mapping):
                yield patch
