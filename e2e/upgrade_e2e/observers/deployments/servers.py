"""The webhook and the credential provider as objects of the cluster."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from upgrade_e2e.cluster import retry_api
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.deployments.trust import Trust
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
    "webhook_name",
]

AUDIENCE = "upgrade-e2e-credentials"
"""Whom the tokens of pods are meant for, so that no other server takes them."""
COMPONENT = "app.kubernetes.io/component"
WEBHOOK, CREDENTIALS = "webhook", "credentials"
_WANTED = "upgrade-e2e/credential"
"""The label of pods that a webhook is called for: its value is the label of the observer."""

_WEBHOOK_PORT, _CREDENTIALS_PORT = 8443, 8080
_HTTPS, _HTTP = 443, 80
_REPLICAS = 2
_REVIEW_S = 5
"""Half of the API server's default: a webhook that hangs must not hold up each pod for longer."""
_PRE_STOP_S = 5
_FOLDER = "/secret"
_ENOUGH = 2
_RESOURCES = {"requests": {"cpu": "50m", "memory": "48Mi"}, "limits": {"cpu": "500m"}}
"""A credential takes some 0.1 s of CPU. The faults cut the limit."""


def webhook_name(context: DeployContext, label: str) -> str:
    """What the webhook's configuration is called, which is in no namespace."""
    return f"{context.namespace}-{label}"


def wanted_by(label: str) -> dict[str, str]:
    """The label of pods that the webhook of this observer is called for."""
    return {_WANTED: label}


def selector_of(component: str) -> str:
    """The label selector of what belongs to the webhook or to the provider, of any observer."""
    marks = {**LABELS, COMPONENT: component}
    return ",".join(f"{name}={value}" for name, value in marks.items())


def apply_servers(context: DeployContext, label: str) -> Trust:
    """Apply both servers and the webhook's configuration, without waiting for them."""
    trust = Trust.made_for(f"{label}-{WEBHOOK}.{context.namespace}.svc")
    provider = _apply_provider(context, label, trust)
    _apply_webhook(context, label, trust, provider)
    context.apply(webhook_configuration(context, label, trust, _namespace_uid(context)))
    return trust


def _apply_provider(context: DeployContext, label: str, trust: Trust) -> str:
    """Returns the provider's URL."""
    name = f"{label}-{CREDENTIALS}"
    context.apply(_secret(context, name, {"signing-key.json": trust.signing_key}))
    words = (f"--signing-key={_FOLDER}/signing-key.json", f"--audience={AUDIENCE}")
    _apply_server(context, name, CREDENTIALS, words, _CREDENTIALS_PORT)
    made = context.apply(service(context, name, _HTTP, _CREDENTIALS_PORT))
    return http_url(addresses_of(made)[0], _HTTP, "")


def _apply_webhook(context: DeployContext, label: str, trust: Trust, provider: str) -> None:
    name = f"{label}-{WEBHOOK}"
    pair = {"tls.crt": trust.certificate, "tls.key": trust.private_key}
    context.apply(_secret(context, name, pair))
    words = (
        f"--cert-file={_FOLDER}/tls.crt",
        f"--key-file={_FOLDER}/tls.key",
        f"--provider={provider}",
        f"--audience={AUDIENCE}",
    )
    _apply_server(context, name, WEBHOOK, words, _WEBHOOK_PORT)
    context.apply(service(context, name, _HTTPS, _WEBHOOK_PORT))


def _apply_server(
    context: DeployContext, name: str, component: str, words: tuple[str, ...], port: int
) -> None:
    """A Deployment of two replicas, and a budget that keeps one of them."""
    made = workload_object(
        context,
        "Deployment",
        name,
        _pod(context, name, component, words, port),
        replicas=_REPLICAS,
    )
    context.apply(_marked(made, component))
    # Where all pods must be on one node, a budget would hold up its drain.
    if not context.room.nodes or len(context.room.usable) >= _ENOUGH:
        context.apply(_marked(_budget(context, name), component))


def _pod(
    context: DeployContext, name: str, component: str, words: tuple[str, ...], port: int
) -> dict[str, Any]:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(name)},
    }
    pod: dict[str, Any] = {
        "terminationGracePeriodSeconds": _PRE_STOP_S + 5,
        "topologySpreadConstraints": [spread],
        "containers": [_container(context, component, words, port)],
        "volumes": [agent_volume(), {"name": "secret", "secret": {"secretName": name}}],
    }
    if context.room.tolerations:
        pod["tolerations"] = context.room.tolerations
    return pod


def _container(
    context: DeployContext, component: str, words: tuple[str, ...], port: int
) -> dict[str, Any]:
    # As for a Workload: a pod of both families listens on all of its addresses.
    address = "$(POD_IP)" if len(context.facts.families) == 1 else "::"
    scheme = "HTTPS" if component == WEBHOOK else "HTTP"
    sleep = ["sleep", str(_PRE_STOP_S)]
    return {
        "name": component,
        "image": context.images.agent,
        "imagePullPolicy": "IfNotPresent",
        "command": [*AGENT_COMMAND, component, f"--bind=[{address}]:{port}", *words],
        "env": [field_env("POD_IP", "status.podIP")],
        "ports": [{"name": "http", "containerPort": port}],
        "resources": _RESOURCES,
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": port, "scheme": scheme},
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


def _secret(context: DeployContext, name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    meta = {"name": name, "namespace": context.namespace, "labels": labels(name)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}


def _marked(manifest: dict[str, Any], component: str) -> dict[str, Any]:
    """The same with the label by which faults find it."""
    meta = manifest["metadata"]
    return {**manifest, "metadata": {**meta, "labels": {**meta["labels"], COMPONENT: component}}}


def webhook_configuration(
    context: DeployContext, label: str, trust: Trust, namespace_uid: str
) -> dict[str, Any]:
    """The configuration by which the API server asks the webhook about pods that want a credential.

    It is in no namespace, so that nothing would delete it along with ours. Therefore the namespace
    owns it: the garbage collector deletes it once the namespace is gone, whoever deleted that.
    """
    name = f"{label}-{WEBHOOK}"
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": context.namespace}
    asked = {"name": name, "namespace": context.namespace, "port": _HTTPS, "path": "/mutate"}
    pods = {
        "operations": ["CREATE"],
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["pods"],
        "scope": "Namespaced",
    }
    hook = {
        "name": f"{label}.{context.namespace}.internal",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": _REVIEW_S,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": context.namespace}},
        "objectSelector": {"matchLabels": wanted_by(label)},
        "rules": [pods],
        "clientConfig": {
            "service": asked,
            "caBundle": base64.b64encode(trust.authority.encode()).decode(),
        },
    }
    meta = {
        "name": webhook_name(context, label),
        "labels": {**labels(name), COMPONENT: WEBHOOK},
        "ownerReferences": [{**owner, "uid": namespace_uid}],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": meta,
        "webhooks": [hook],
    }


def _namespace_uid(context: DeployContext) -> str:
    path = f"/api/v1/namespaces/{context.namespace}"
    return str(retry_api(lambda: context.cluster.api.get_json(path))["metadata"]["uid"])
