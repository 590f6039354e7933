"""The taints with which the nodes of a kind configuration register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from upgrade_e2e.cluster import Role
from upgrade_e2e.cluster.kubeadm_config import argument_values
from upgrade_e2e.cluster.room import CONTROL_PLANE_TAINT, Taints
from upgrade_e2e.providers.kind.numbering import short_names
from upgrade_e2e.providers.kind.own_patches import lists_in, mappings_in, merge_patches_of

__all__ = ["registered_taints"]

_CONTROL_PLANE = Role.CONTROL_PLANE.value
_OF_CONTROL_PLANES = {"key": CONTROL_PLANE_TAINT, "effect": "NoSchedule"}
_FLAG = "register-with-taints"
_TAINTS = "/nodeRegistration/taints"


def registered_taints(text: str) -> dict[str, Taints]:
    """By short name, the taints of each node whose kubeadm patches say some, even none.

    `text` is a kind configuration that has been checked. Later patches win, JSON patches over
    others, and those of a node over those of the whole cluster, as kind applies them;
    `taints: null` is kubeadm's default. The kubelet's flag `register-with-taints` wins over all of
    a node that joins as a worker; a control plane has its other taints as well. A patch that is
    no YAML and taints that are no taints are left to kind, which refuses them.
    """
    config = next(mappings_in(text), {})
    nodes = config.get("nodes") or [{}]
    names = short_names(node.get("role") or _CONTROL_PLANE for node in nodes)
    found: dict[str, Taints] = {}
    for name, node in zip(names, nodes, strict=True):
        kind = "InitConfiguration" if name == _CONTROL_PLANE else "JoinConfiguration"
        registered, flagged = _registered((config, node), kind)
        if flagged and not name.startswith(_CONTROL_PLANE):
            registered = []
        elif flagged and registered is None:
            registered = [_OF_CONTROL_PLANES]
        if registered is not None:
            found[name] = [*registered, *flagged]
    return found


def _registered(sources: Iterable[Mapping[str, Any]], kind: str) -> tuple[Taints | None, Taints]:
    """The taints that patches of a kind give, None for none said, and those of the flag."""
    taints: Taints | None = None
    flagged: Taints = ()
    for of in sources:
        for registration in _registrations(of, kind):
            given: Any = registration.get("taints")
            taints = given if _are_taints(given) else taints
            flagged = _flagged(registration) or flagged
        for operation in _operations(of, kind):
            taints = _changed(operation, taints)
    return taints, flagged


def _registrations(of: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """The part about the registration in each merge patch of a kind."""
    for patch in merge_patches_of(of):
        registration = patch.get("nodeRegistration")
        if patch.get("kind") == kind and isinstance(registration, Mapping):
            yield registration


def _operations(of: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """The operations of each JSON patch of a kind."""
    for patch in of.get("kubeadmConfigPatchesJSON6902") or ():
        if isinstance(patch, Mapping) and patch.get("kind") == kind:
            for listed in lists_in(patch.get("patch")):
                yield from (one for one in listed if isinstance(one, Mapping))


def _changed(operation: Mapping[str, Any], taints: Taints | None) -> Taints | None:
    """The taints after an operation of a JSON patch."""
    value, path = operation.get("value"), str(operation.get("path"))
    if path == _TAINTS and operation.get("op") in {"add", "replace"} and _are_taints(value):
        return list(value or ())
    if path == f"{_TAINTS}/-" and isinstance(value, Mapping) and _are_taints([value]):
        return [*(taints or ()), value]
    return taints


def _flagged(registration: Mapping[str, Any]) -> Taints:
    """The taints of the kubelet's flag, `KEY=VALUE:EFFECT` or `KEY:EFFECT` with commas between."""
    words = next(argument_values(registration, _FLAG, "kubeletExtraArgs"), "")
    parts = [word.rpartition(":") for word in words.split(",")]
    return [{"key": key.partition("=")[0], "effect": effect} for key, _, effect in parts if key]


def _are_taints(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(taint, Mapping) and {"key", "effect"} <= taint.keys() for taint in value
    )
