"""Pods of an observer's own, as the API server has them: created, deleted, listed and watched."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.cluster.watching import watch_events
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.objects import labels

__all__ = ["WATCH_BROKEN", "PodClient"]

WATCH_BROKEN: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, KeyError, ValueError)
"""How a watch breaks off; KeyError is how the library ends a stream of undecoded events at an ERROR
event."""
_ASK_S = 5.0
_SILENCE_S = 3.0
"""A watch without events for so long may be half-open: pods are listed and watched again."""
_TOUCHED = "upgrade-e2e/watching-ended"
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class PodClient:
    """Creates and deletes pods; the caller decides when. It sees only pods of its own `label`."""

    context: DeployContext
    image: str
    label: str
    owner: dict[str, str]

    def new_name(self) -> str:
        """A name for a pod, chosen here so that it is known even if the answer is lost."""
        return f"{self.label}-{secrets.token_hex(4)}"

    def create(self, name: str, node: str) -> None:
        """Create one pod on `node`; raises what the API client raises, as do the others."""
        self._request("POST", body=self.manifest(name, node))

    def delete(self, name: str) -> None:
        """Ask for a deletion; a pod that is gone already is fine."""
        try:
            self._request("DELETE", f"/{name}")
        except ApiException as error:
            if error.status != 404:
                raise

    def touch(self, name: str) -> None:
        """Change an annotation that nobody reads, so that a watch gets an event."""
        body = {"metadata": {"annotations": {_TOUCHED: "true"}}}
        self._request("PATCH", f"/{name}", body=body, content_type=_MERGE)

    def cordoned(self, node: str) -> bool:
        """True when no new pods belong on `node`."""
        seen = self.context.cluster.api.get_json(f"/api/v1/nodes/{node}", timeout_s=_ASK_S)
        return bool(seen["spec"].get("unschedulable"))

    def list_pods(self) -> Any:
        """All churned pods as the API serves them."""
        return json.loads(self._request("GET", query=[("labelSelector", self._selector)]))

    def watch_pods(self, version: str) -> Iterator[dict[str, Any]]:
        """The events after `version`; ends by itself, or by an error when no event comes."""
        return watch_events(
            self.context.cluster.api.core.list_namespaced_pod,
            self.context.namespace,
            label_selector=self._selector,
            version=version,
            silence_s=_SILENCE_S,
        )

    @property
    def _selector(self) -> str:
        return ",".join(f"{name}={value}" for name, value in labels(self.label).items())

    def _request(self, method: str, below: str = "", **options: Any) -> bytes:
        path = f"/api/v1/namespaces/{self.context.namespace}/pods{below}"
        return self.context.cluster.api.request(method, path, timeout_s=_ASK_S, **options)

    def manifest(self, name: str, node: str) -> dict[str, Any]:
        """A pod that does nothing, bound to its node without the scheduler.

        Its controller is a ConfigMap: a drain refuses pods that have none, and a real controller
        would make the pod again elsewhere.
        """
        controller = {"apiVersion": "v1", "kind": "ConfigMap", "controller": True, **self.owner}
        container: dict[str, Any] = {
            "name": "pause",
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
        }
        if "/pause:" not in self.image:
            container["command"] = ["sleep", "infinity"]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "labels": labels(self.label),
                "ownerReferences": [controller],
            },
            "spec": {
                "nodeName": node,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 1,
                "tolerations": [{"operator": "Exists"}],
                "containers": [container],
            },
        }
