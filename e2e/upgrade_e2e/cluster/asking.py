"""Asking a cluster whose control plane restarts: one answer, a list, a condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster.api import TRANSIENT_API_ERRORS, Api, is_passing, retry_api
from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.format import duration

__all__ = [
    "ASK_WITHIN_S",
    "ask",
    "condition",
    "config_map",
    "get",
    "get_if_there",
    "is_reached_by",
    "items",
]

T = TypeVar("T")
_NOT_FOUND = 404
ASK_WITHIN_S = 120.0
"""How long a control plane that restarts may keep a question waiting."""


def ask(what: str, call: Callable[[], T], within_s: float = ASK_WITHIN_S) -> T:
    """One answer of the API server; `what` says in an error what was asked.

    Errors that pass by themselves are tried again; when they still come after `within_s` seconds,
    this raises DeadlinePassed. Other errors of the API server (404) are raised as they are.
    """
    try:
        return retry_api(call, within_s)
    except TRANSIENT_API_ERRORS as error:
        if not is_passing(error):
            raise
        raise DeadlinePassed(
            f"the API server gave no answer about {what} within {duration(within_s)}: "
            f"{type(error).__name__}: {error}"
        ) from error


def get(cluster: Cluster, path: str, within_s: float = ASK_WITHIN_S) -> Any:
    """The object at `path`; raises as `ask`."""
    return ask(path, lambda: cluster.api.get_json(path), within_s)


def get_if_there(cluster: Cluster, path: str) -> dict[str, Any]:
    """The object at `path`, empty where there is none; raises as `ask`."""
    try:
        found: dict[str, Any] = get(cluster, path)
    except ApiException as error:
        if error.status == _NOT_FOUND:
            return {}
        raise
    return found


def config_map(cluster: Cluster, name: str, namespace: str = "kube-system") -> Mapping[str, str]:
    """What a ConfigMap holds, empty where there is none; raises as `ask`."""
    found = get_if_there(cluster, f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    return found.get("data") or {}


def items(cluster: Cluster, path: str, within_s: float = ASK_WITHIN_S) -> list[dict[str, Any]]:
    """The items of the list at `path` (`/api/v1/nodes`); raises as `ask`."""
    found: list[dict[str, Any]] = get(cluster, path, within_s)["items"]
    return found


def is_reached_by(kubeconfig: Path, within_s: float) -> bool:
    """Whether this kubeconfig still reads the cluster's nodes."""
    api = Api.from_kubeconfig(kubeconfig)
    try:
        ask("its nodes", lambda: api.get_json("/api/v1/nodes"), within_s)
    except (DeadlinePassed, ApiException):
        return False
    return True


def condition(thing: Mapping[str, Any], kind: str) -> bool:
    """Whether a node, pod or workload shows its condition `kind` (`Ready`) as true."""
    conditions = (thing.get("status") or {}).get("conditions") or ()
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)
