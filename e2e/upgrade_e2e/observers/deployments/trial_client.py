"""The API calls of trials: create, ask through the Service, delete, list and watch."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster.watching import watch_events
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.deployments.servers import wanted_by
from upgrade_e2e.observers.deployments.trial import TRIAL
from upgrade_e2e.observers.objects import (
    AGENT_COMMAND,
    agent_mount,
    agent_volume,
    field_env,
    labels,
    settled_nodes,
)

__all__ = ["Followed", "TrialClient"]

Followed = Literal["pods", "deployments"]
"""What is followed in a watch."""

_PORT, _SERVICE_PORT = 8080, 80
_ASK_S = 5.0
_ANSWER_S = 3.0
_SILENCE_S = 5.0
"""A watch without events for so long may be half-open: things are listed and watched again."""
_GRACE_S = 2


@dataclass(frozen=True)
class TrialClient:
    """Makes and asks trials; the caller decides when. It sees only trials of its own `label`.

    All methods raise what the API client raises, unless they say otherwise.
    """

    context: DeployContext
    label: str

    def new_name(self) -> str:
        """A name, chosen here so that it is known even if the answer is lost."""
        return f"{self.label}-{secrets.token_hex(4)}"

    def create(self, name: str) -> None:
        """Create the objects of a trial."""
        self._request("POST", "/api/v1", "services", body=self.service(name))
        self._request("POST", "/apis/apps/v1", "deployments", body=self.deployment(name))

    def delete(self, name: str) -> None:
        """Ask for the deletion of its objects; what is gone already is fine."""
        body = {"propagationPolicy": "Background"}
        self._delete("/apis/apps/v1", f"deployments/{name}", body)
        self._delete("/api/v1", f"services/{name}", body)

    def answer_of(self, name: str) -> Any:
        """What the trial's Service answers.

        The API server takes an endpoint of the Service that is ready, and asks it.
        """
        below = f"services/{name}:{_SERVICE_PORT}/proxy/"
        return json.loads(self._request("GET", "/api/v1", below, timeout_s=_ANSWER_S))

    def state_of(self, pod: str) -> Any:
        """What the process of a pod says of itself, ready or not."""
        below = f"pods/{pod}:{_PORT}/proxy/state"
        return json.loads(self._request("GET", "/api/v1", below, timeout_s=_ANSWER_S))

    def listed(self, what: Followed) -> Any:
        """All of the trials' pods or Deployments as the API serves them."""
        query = [("labelSelector", self._selector)]
        return json.loads(self._request("GET", _ROOTS[what], what, query=query))

    def watched(self, what: Followed, version: str) -> Iterator[dict[str, Any]]:
        """The events after `version`; ends by itself, or by an error when no event comes."""
        api = self.context.cluster.api
        calls = {
            "pods": api.core.list_namespaced_pod,
            "deployments": api.apps.list_namespaced_deployment,
        }
        return watch_events(
            calls[what],
            self.context.namespace,
            label_selector=self._selector,
            version=version,
            silence_s=_SILENCE_S,
        )

    def service(self, name: str) -> dict[str, Any]:
        """The Service in front of a trial's pod."""
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self._meta(name),
            "spec": {
                "selector": {TRIAL: name},
                "ports": [{"name": "http", "port": _SERVICE_PORT, "targetPort": _PORT}],
            },
        }

    def deployment(self, name: str) -> dict[str, Any]:
        """The Deployment of one pod, which wants a credential."""
        pod: dict[str, Any] = {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": _GRACE_S,
            "affinity": settled_nodes(),
            "containers": [self._container()],
            "volumes": [agent_volume()],
        }
        if self.context.room.tolerations:
            pod["tolerations"] = self.context.room.tolerations
        own = {**labels(self.label), TRIAL: name}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self._meta(name),
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {TRIAL: name}},
                "template": {"metadata": {"labels": {**own, **wanted_by(self.label)}}, "spec": pod},
            },
        }

    def _container(self) -> dict[str, Any]:
        # As for a Workload: a pod of both families listens on all of its addresses.
        address = "$(POD_IP)" if len(self.context.facts.families) == 1 else "::"
        return {
            "name": "trial",
            "image": self.context.images.agent,
            "imagePullPolicy": "IfNotPresent",
            "command": [*AGENT_COMMAND, "trial", f"--bind=[{address}]:{_PORT}"],
            "env": [
                field_env("POD_NAME", "metadata.name"),
                field_env("POD_IP", "status.podIP"),
            ],
            "ports": [{"name": "http", "containerPort": _PORT}],
            "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}},
            "readinessProbe": {
                "httpGet": {"path": "/readyz", "port": _PORT},
                "periodSeconds": 1,
                "timeoutSeconds": 2,
            },
            "volumeMounts": [agent_mount()],
        }

    def _meta(self, name: str) -> dict[str, Any]:
        own = {**labels(self.label), TRIAL: name}
        return {"name": name, "namespace": self.context.namespace, "labels": own}

    @property
    def _selector(self) -> str:
        own = ",".join(f"{name}={value}" for name, value in labels(self.label).items())
        return f"{own},{TRIAL}"

    def _delete(self, root: str, below: str, body: dict[str, str]) -> None:
        try:
            self._request("DELETE", root, below, body=body)
        except ApiException as error:
            if error.status != 404:
                raise

    def _request(
        self, method: str, root: str, below: str, *, timeout_s: float = _ASK_S, **options: Any
    ) -> bytes:
        path = f"{root}/namespaces/{self.context.namespace}/{below}"
        return self.context.cluster.api.request(method, path, timeout_s=timeout_s, **options)


_ROOTS: dict[str, str] = {"pods": "/api/v1", "deployments": "/apis/apps/v1"}
"""The API that serves each of the followed kinds."""
