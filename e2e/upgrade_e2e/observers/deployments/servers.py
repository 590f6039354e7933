"""The two servers, the webhook and the credential provider, as objects of the cluster."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.deployments.trust import Trust
from upgrade_e2e.observers.deployments.webhook import (
    COMPONENT,
    HTTPS,
    WEBHOOK,
    wanted_by,
    webhook_configuration,
)
from upgrade_e2e.observers.objects import (
    AGENT_COMMAND,
    LABELS,
    addresses_of,
    agent_mount,
    agent_volume,
    field_env,
    http_url,
    labels,
    service,
    workload_object,
)

__all__ = [
    "AUDIENCE",
    "COMPONENT",
    "CREDENTIALS",
    "WEBHOOK",
    "apply_servers",
    "selector_of",
    "wanted_by",
]

AUDIENCE = "upgrade-e2e-credentials"
"""Whom the tokens of pods are meant for, so that no other server takes them."""
CREDENTIALS = "credentials"

_HTTP = 80
_REPLICAS = 2
_PRE_STOP_S = 5
_FOLDER = "/secret"
_ENOUGH = 2
_NOT_SERVED = frozenset({404, 405})
_RESOURCES = {"requests": {"cpu": "50m", "memory": "48Mi"}, "limits": {"cpu": "500m"}}
"""Measured: a signature takes 58 ms of CPU, a start of the program 130 ms. Faults cut the limit."""


@dataclass(frozen=True)
class _Server:
    """One of the two: a Deployment behind a Service, with a Secret of its files.

    It listens at `port`, and its Service at `front`; `words` are the options of its command.
    """

    name: str
    component: str
    words: tuple[str, ...]
    files: Mapping[str, str]
    port: int
    front: int


def selector_of(component: str) -> str:
    """The label selector of what belongs to the webhook or to the provider, of any observer."""
    marks = {**LABELS, COMPONENT: component}
    return ",".join(f"{name}={value}" for name, value in marks.items())


def apply_servers(context: DeployContext, label: str) -> Trust | None:
    """Apply the webhook's configuration and both servers, without waiting for them.

    None, with nothing applied, where the cluster takes no such configuration.
    """
    trust = Trust.made_for(f"{label}-{WEBHOOK}.{context.namespace}.svc")
    hook = webhook_configuration(context, label, trust)
    try:
        context.apply(hook)
    except ApiException as error:
        if error.status in _NOT_SERVED:
            return None
        raise
    address = _apply(context, _provider(label, trust))
    _apply(context, _webhook(label, trust, http_url(address, _HTTP, "")))
    return trust


def _provider(label: str, trust: Trust) -> _Server:
    return _Server(
        name=f"{label}-{CREDENTIALS}",
        component=CREDENTIALS,
        words=(f"--signing-key={_FOLDER}/signing-key.json", f"--audience={AUDIENCE}"),
        files={"signing-key.json": trust.signing_key},
        port=8080,
        front=_HTTP,
    )


def _webhook(label: str, trust: Trust, provider: str) -> _Server:
    return _Server(
        name=f"{label}-{WEBHOOK}",
        component=WEBHOOK,
        words=(
            f"--cert-file={_FOLDER}/tls.crt",
            f"--key-file={_FOLDER}/tls.key",
            f"--provider={provider}",
            f"--audience={AUDIENCE}",
        ),
        files={"tls.crt": trust.certificate, "tls.key": trust.private_key},
        port=8443,
        front=HTTPS,
    )


def _apply(context: DeployContext, server: _Server) -> str:
    """Apply everything of one server; returns the address of its Service."""
    context.apply(_secret(context, server))
    pod = _pod(context, server)
    made = workload_object(context, "Deployment", server.name, pod, replicas=_REPLICAS)
    context.apply(_marked(made, server.component))
    # Where all pods must be on one node, a budget would hold up its drain.
    if not context.room.nodes or len(context.room.usable) >= _ENOUGH:
        context.apply(_budget(context, server.name))
    return addresses_of(context.apply(service(context, server.name, server.front, server.port)))[0]


def _pod(context: DeployContext, server: _Server) -> dict[str, Any]:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(server.name)},
    }
    pod: dict[str, Any] = {
        "terminationGracePeriodSeconds": _PRE_STOP_S + 5,
        "topologySpreadConstraints": [spread],
        "containers": [_container(context, server)],
        "volumes": [agent_volume(), {"name": "secret", "secret": {"secretName": server.name}}],
    }
    if context.room.tolerations:
        pod["tolerations"] = context.room.tolerations
    return pod


def _container(context: DeployContext, server: _Server) -> dict[str, Any]:
    # As for a Workload: a pod of both families listens on all of its addresses.
    address = "$(POD_IP)" if len(context.facts.families) == 1 else "::"
    bind = f"--bind=[{address}]:{server.port}"
    scheme = "HTTPS" if server.component == WEBHOOK else "HTTP"
    sleep = ["sleep", str(_PRE_STOP_S)]
    return {
        "name": server.component,
        "image": context.images.agent,
        "imagePullPolicy": "IfNotPresent",
        "command": [*AGENT_COMMAND, server.component, bind, *server.words],
        "env": [field_env("POD_IP", "status.podIP")],
        "ports": [{"name": "http", "containerPort": server.port}],
        "resources": _RESOURCES,
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": server.port, "scheme": scheme},
            "periodSeconds": 2,
            "timeoutSeconds": 2,
        },
        "lifecycle": {"preStop": {"exec": {"command": sleep}}},
        "volumeMounts": [
            agent_mount(),
            {"name": "secret", "mountPath": _FOLDER, "readOnly": True},
        ],
    }


def _budget(context: DeployContext, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": context.namespace, "labels": labels(name)},
        "spec": {
            "minAvailable": _REPLICAS - 1,
            # By default pods that are not ready are never evicted, and a starved one is not.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": labels(name)},
        },
    }


def _secret(context: DeployContext, server: _Server) -> dict[str, Any]:
    data = {name: base64.b64encode(text.encode()).decode() for name, text in server.files.items()}
    meta = {
        "name": server.name,
        "namespace": context.namespace,
        "labels": labels(server.name),
    }
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}


def _marked(manifest: dict[str, Any], component: str) -> dict[str, Any]:
    """The same with the label by which faults find it."""
    meta = manifest["metadata"]
    return {**manifest, "metadata": {**meta, "labels": {**meta["labels"], COMPONENT: component}}}
