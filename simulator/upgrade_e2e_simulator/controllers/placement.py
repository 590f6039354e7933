"""Which nodes a pod may run on: selectors, affinity and taints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upgrade_e2e_simulator.store import Object, labels_of, name_of
from upgrade_e2e_simulator.store.selectors import selects

__all__ = ["fits", "is_ready_node", "tolerates", "tolerates_all", "untolerated"]

_BLOCKING = frozenset({"NoSchedule", "NoExecute"})


def fits(spec: Object, node: Object) -> bool:
    """Whether nodeSelector and required node affinity select the node."""
    labels = labels_of(node)
    wanted = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(_term_holds(term, node) for term in required["nodeSelectorTerms"])


def _term_holds(term: Object, node: Object) -> bool:
    labels = {"matchExpressions": term.get("matchExpressions") or []}
    fields = {"matchExpressions": term.get("matchFields") or []}
    return selects(labels, labels_of(node)) and selects(fields, {"metadata.name": name_of(node)})


def tolerates(tolerations: Iterable[Object], taint: Object) -> bool:
    """Whether one of the tolerations covers the taint."""
    return any(_covers(toleration, taint) for toleration in tolerations)


def _covers(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))


def untolerated(spec: Object, node: Object) -> Iterator[Object]:
    """The taints that keep the pod off the node."""
    tolerations = spec.get("tolerations") or []
    for taint in node["spec"].get("taints") or ():
        if taint["effect"] in _BLOCKING and not tolerates(tolerations, taint):
            yield taint


def tolerates_all(spec: Object, node: Object) -> bool:
    """Whether no taint keeps the pod off the node."""
    return next(untolerated(spec, node), None) is None


def is_ready_node(node: Object) -> bool:
    """Whether its Ready condition holds."""
    return any(
        item["type"] == "Ready" and item["status"] == "True"
        for item in node.get("status", {}).get("conditions") or ()
    )
