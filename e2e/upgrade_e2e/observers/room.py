"""The namespace of the observers: made empty before a pass, removed after it."""

from __future__ import annotations

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, retry_api
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.base import Site
from upgrade_e2e.observers.objects import LABELS, namespace
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["make_room", "remove_room"]

_GONE_S = 120.0


def make_room(site: Site) -> None:
    """An empty namespace; what an earlier pass left in it is deleted first.

    Raises BadInput when the namespace belongs to someone else.
    """
    phase, labels = retry_api(lambda: _look(site))
    if phase:
        _must_be_ours(site, labels)
        remove_room(site)
        wait_for(
            f"namespace {site.namespace} of an earlier pass to be gone",
            lambda: _look(site)[0],
            lambda seen: not seen,
            Deadline(_GONE_S),
            transient=TRANSIENT_API_ERRORS,
        )
    site.apply(namespace(site.namespace))


def remove_room(site: Site) -> None:
    """Delete the namespace with all that is in it, without waiting; nothing when it is gone."""
    api = site.cluster.api

    def delete() -> None:
        try:
            api.core.delete_namespace(site.namespace, _request_timeout=api.timeout)
        except ApiException as error:
            if error.status not in (404, 409):
                raise

    retry_api(delete)


def _look(site: Site) -> tuple[str, dict[str, str]]:
    api = site.cluster.api
    try:
        seen = api.core.read_namespace(site.namespace, _request_timeout=api.timeout)
    except ApiException as error:
        if error.status == 404:
            return "", {}
        raise
    return seen.status.phase, seen.metadata.labels or {}


def _must_be_ours(site: Site, labels: dict[str, str]) -> None:
    if not labels.items() >= LABELS.items():
        raise BadInput(
            f"the cluster has a namespace {site.namespace} that upgrade-e2e did not make; "
            "rename or delete it, because observers need a namespace of that name for themselves."
        )
