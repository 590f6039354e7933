"""Asking the API of the cluster, which may be away for a moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.errors import BadInput

__all__ = ["TRANSIENT", "condition", "full_name", "get", "items", "patch"]

TRANSIENT: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, ValueError)
_WITHIN_S = 15.0


def get(cluster: Cluster, path: str) -> Any:
    """The document at `path`, as soon as the API answers."""
    return retry_api(lambda: cluster.api.get_json(path), _WITHIN_S)


def items(cluster: Cluster, path: str, **query: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    found: list[dict[str, Any]] = get(cluster, f"{path}?{urlencode(query)}")["items"]
    return found


def patch(cluster: Cluster, path: str, body: Mapping[str, Any]) -> None:
    """A strategic merge patch."""
    kind = "application/strategic-merge-patch+json"
    retry_api(
        lambda: cluster.api.request("PATCH", path, body=dict(body), content_type=kind), _WITHIN_S
    )


def full_name(cluster: Cluster, short: str) -> str:
    """The node's name; raises BadInput for a node that is not there."""
    name = f"{cluster.name}-{short}"
    if name not in {node.name for node in cluster.nodes}:
        known = ", ".join(node.name.removeprefix(f"{cluster.name}-") for node in cluster.nodes)
        raise BadInput(f"there is no node {short!r}; the cluster has {known}.")
    return name


def condition(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether a condition holds."""
    return any(
        item["type"] == kind and item["status"] == "True"
        for item in obj.get("status", {}).get("conditions") or ()
    )
