"""Whether everything that observers applied runs, and whether it ever can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.deployments.trial import TRIAL

__all__ = ["hopeless_pod", "not_ready"]

_IMAGE_TROUBLE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
_TROUBLE = _IMAGE_TROUBLE | {"CreateContainerConfigError"}


def not_ready(context: DeployContext) -> list[str]:
    """The observers' Deployments and DaemonSets that are not complete yet, with their counts.

    Not those that come and go all the time, of which some are never complete.
    """
    api = context.cluster.api
    listing = {
        "namespace": context.namespace,
        "label_selector": f"!{TRIAL}",
        "_request_timeout": api.timeout,
    }
    deployments = api.apps.list_namespaced_deployment(**listing).items
    daemon_sets = api.apps.list_namespaced_daemon_set(**listing).items
    return [*_lacking_deployments(deployments), *_lacking_daemon_sets(daemon_sets)]


def _lacking_deployments(items: list[Any]) -> Iterator[str]:
    for item in items:
        name, wanted, status = item.metadata.name, item.spec.replicas, item.status
        ready = min(status.updated_replicas or 0, status.available_replicas or 0)
        if status.observed_generation != item.metadata.generation or ready != wanted:
            yield f"deployment {name}: {ready} of {wanted} pods ready"


def _lacking_daemon_sets(items: list[Any]) -> Iterator[str]:
    for item in items:
        name, status = item.metadata.name, item.status
        wanted = status.desired_number_scheduled
        ready = min(status.updated_number_scheduled or 0, status.number_ready or 0)
        if status.observed_generation != item.metadata.generation or not wanted or ready != wanted:
            yield f"daemonset {name}: {ready} of {wanted} pods ready"


def hopeless_pod(context: DeployContext) -> str | None:
    """Why a pod of the observers can never start, and how to fix it; None if there is no reason."""
    api = context.cluster.api
    pods = api.core.list_namespaced_pod(context.namespace, _request_timeout=api.timeout).items
    for pod in pods:
        for container in pod.status.container_statuses or ():
            waiting = container.state.waiting
            if waiting is not None and waiting.reason in _TROUBLE:
                return _trouble(pod.metadata.name, container.image, waiting)
    return None


def _trouble(pod: str, image: str, waiting: Any) -> str:
    found = f"pod {pod} waits with {waiting.reason} ({waiting.message})"
    if waiting.reason in _IMAGE_TROUBLE:
        return (
            f"{found}; load the image {image} onto the nodes, or name one that the nodes can pull "
            "(--agent-image, --edge-image)"
        )
    return found
