"""The namespace of the observers: made empty before a pass, removed after it."""

from __future__ import annotations

from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, retry_api
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.objects import LABELS, namespace
from upgrade_e2e.observers.outside import remove_outside
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["make_namespace", "namespace_owner", "remove_namespace"]

_GONE_S = 120.0


def make_namespace(context: DeployContext) -> None:
    """An empty namespace; what an earlier pass left in it is deleted first.

    Raises BadInput when the namespace belongs to someone else.
    """
    phase, labels = retry_api(lambda: _look(context))
    if phase:
        _must_be_ours(context, labels)
        remove_namespace(context)
        wait_for(
            f"namespace {context.namespace} of an earlier pass to be gone",
            lambda: _look(context)[0],
            lambda seen: not seen,
            Deadline(_GONE_S),
            transient=TRANSIENT_API_ERRORS,
        )
    context.apply(namespace(context.namespace))


def remove_namespace(context: DeployContext) -> None:
    """Delete the namespace with all that is in it or belongs to it, without waiting.

    What is gone is fine. Raises what the API client raises, having tried both.
    """
    api = context.cluster.api

    def delete() -> None:
        try:
            api.core.delete_namespace(context.namespace, _request_timeout=api.timeout)
        except ApiException as error:
            if error.status not in (404, 409):
                raise

    try:
        remove_outside(context)
    finally:
        retry_api(delete)


def namespace_owner(context: DeployContext) -> dict[str, Any]:
    """The owner of what observers apply outside of their namespace.

    `remove_namespace` deletes such objects. The garbage collector does so too once the namespace is
    gone, whoever deleted that.
    """
    path = f"/api/v1/namespaces/{context.namespace}"
    uid = retry_api(lambda: context.cluster.api.get_json(path))["metadata"]["uid"]
    return {"apiVersion": "v1", "kind": "Namespace", "name": context.namespace, "uid": str(uid)}


def _look(context: DeployContext) -> tuple[str, dict[str, str]]:
    api = context.cluster.api
    try:
        seen = api.core.read_namespace(context.namespace, _request_timeout=api.timeout)
    except ApiException as error:
        if error.status == 404:
            return "", {}
        raise
    return seen.status.phase, seen.metadata.labels or {}


def _must_be_ours(context: DeployContext, labels: dict[str, str]) -> None:
    if not labels.items() >= LABELS.items():
        raise BadInput(
            f"the cluster has a namespace {context.namespace} that upgrade-e2e did not make; "
            "rename or delete it, because observers need a namespace of that name for themselves."
        )
