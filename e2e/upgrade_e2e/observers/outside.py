"""What observers apply outside of their namespace, deleted again."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from urllib.parse import quote

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import Api, retry_api
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.objects import LABELS

__all__ = ["remove_outside"]

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_FOLDERS = (
    f"{_ADMISSION}/mutatingwebhookconfigurations",
    f"{_ADMISSION}/validatingadmissionpolicybindings",
    f"{_ADMISSION}/validatingadmissionpolicies",
    f"{_RBAC}/clusterrolebindings",
    f"{_RBAC}/clusterroles",
)
_NOT_FOUND = 404
_NOT_SERVED = frozenset({_NOT_FOUND, 405})


def remove_outside(context: DeployContext) -> None:
    """Delete what has our label and belongs to our namespace, without waiting.

    The garbage collector does so too, but only once the namespace is gone, and a namespace can be
    stuck. No webhook may be left then. Raises what the API client raises.
    """
    api = context.cluster.api
    for folder in _FOLDERS:
        for name in _owned(context, folder):
            retry_api(functools.partial(_delete, api, f"{folder}/{name}"))


def _owned(context: DeployContext, folder: str) -> Iterator[str]:
    """The names of the objects there that are ours; none where such objects are not served."""
    marks = quote(",".join(f"{name}={value}" for name, value in LABELS.items()))
    path = f"{folder}?labelSelector={marks}"
    try:
        listed = retry_api(lambda: context.cluster.api.get_json(path))
    except ApiException as error:
        if error.status in _NOT_SERVED:
            return
        raise
    for thing in listed["items"]:
        owners = thing["metadata"].get("ownerReferences") or ()
        if any((o["kind"], o["name"]) == ("Namespace", context.namespace) for o in owners):
            yield thing["metadata"]["name"]


def _delete(api: Api, path: str) -> None:
    try:
        api.request("DELETE", path)
    except ApiException as error:
        if error.status != _NOT_FOUND:
            raise
