"""Kubernetes objects that several observers share."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from upgrade_e2e.agent.pack import ARCHIVE, pack
from upgrade_e2e.cluster.handle import JOINED_LABEL
from upgrade_e2e.observers.base import DeployContext

__all__ = [
    "AGENT_COMMAND",
    "AGENT_CONFIG",
    "LABELS",
    "addresses_of",
    "agent_config",
    "agent_mount",
    "agent_volume",
    "config_map",
    "field_env",
    "http_url",
    "labels",
    "namespace",
    "service",
    "settled_nodes",
    "workload_object",
]

LABELS = {"app.kubernetes.io/managed-by": "upgrade-e2e"}
AGENT_CONFIG = "agent"
_AGENT_FOLDER = "/agent"
AGENT_COMMAND = ("python3", "-I", "-S", f"{_AGENT_FOLDER}/{ARCHIVE}")
"""How containers start the agent: without the packages and the settings of their image."""


def labels(app: str) -> dict[str, str]:
    """The labels of everything that belongs to `app`."""
    return {**LABELS, "app.kubernetes.io/name": app}


def namespace(name: str) -> dict[str, Any]:
    """The namespace; probers need a host path and a raised priority, hence `privileged`."""
    enforce = {"pod-security.kubernetes.io/enforce": "privileged"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {**LABELS, **enforce}},
    }


def config_map(context: DeployContext, name: str, data: dict[str, str]) -> dict[str, Any]:
    """A ConfigMap in the observers' namespace."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": context.namespace, "labels": LABELS},
        "data": data,
    }


def workload_object(
    context: DeployContext, kind: str, name: str, pod: Mapping[str, Any], **spec: Any
) -> dict[str, Any]:
    """A Deployment or DaemonSet of this pod; `spec` are more fields of its own.

    Its pods keep off nodes that join during the pass: see `settled_nodes`.
    """
    meta = {"name": name, "namespace": context.namespace, "labels": labels(name)}
    spread = {"affinity": settled_nodes(), **pod}
    template = {"metadata": {"labels": labels(name)}, "spec": spread}
    selector = {"matchLabels": labels(name)}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": meta,
        "spec": {"selector": selector, "template": template, **spec},
    }


def settled_nodes(*more: Mapping[str, Any]) -> dict[str, Any]:
    """The affinity of pods that are to keep off nodes that join during the pass.

    What is watched from the beginning to the end is compared with passes in which no node joined.
    A new node has an observer of its own. `more` are expressions that nodes must match as well.
    """
    term = {"matchExpressions": [{"key": JOINED_LABEL, "operator": "DoesNotExist"}, *more]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"nodeAffinity": required}


def service(
    context: DeployContext, name: str, port: int, target_port: int, **spec: Any
) -> dict[str, Any]:
    """A Service in front of the pods of `name`, for HTTP, in every family of the cluster.

    It listens at `port`, the pods at `target_port`; `spec` are more fields.
    """
    ports = [{"name": "http", "port": port, "targetPort": target_port}]
    if len(context.facts.families) > 1:
        spec = {"ipFamilyPolicy": "PreferDualStack", **spec}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": context.namespace, "labels": labels(name)},
        "spec": {"selector": labels(name), "ports": ports, **spec},
    }


def addresses_of(service: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses of a Service, one of each family, the primary family's first."""
    spec = service["spec"]
    return tuple(spec.get("clusterIPs") or [spec["clusterIP"]])


def agent_config(context: DeployContext) -> dict[str, Any]:
    """The ConfigMap that carries the agent."""
    binary = {ARCHIVE: base64.b64encode(pack()).decode()}
    return {**config_map(context, AGENT_CONFIG, {}), "binaryData": binary}


def agent_volume() -> dict[str, Any]:
    """The volume with the agent in it."""
    return {"name": "agent", "configMap": {"name": AGENT_CONFIG}}


def agent_mount() -> dict[str, Any]:
    """Where containers find the agent: /agent/agent.pyz."""
    return {"name": "agent", "mountPath": _AGENT_FOLDER, "readOnly": True}


def field_env(name: str, path: str) -> dict[str, Any]:
    """An environment variable from a field of the pod."""
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def http_url(address: str, port: int, path: str = "/") -> str:
    """The URL of an address, IPv4 or IPv6."""
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}{path}"
