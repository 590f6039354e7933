"""What the API fills in where an object says nothing, by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from upgrade_e2e_simulator.api.pod_defaults import default_pod_spec
from upgrade_e2e_simulator.store import Object

__all__ = ["default"]


def default(resource: str, obj: Object) -> None:
    """Fill in the defaults of `obj`, in place."""
    fill = _DEFAULTS.get(resource)
    if fill is not None:
        fill(obj)


def _pod(obj: Object) -> None:
    default_pod_spec(obj.setdefault("spec", {}))


def _deployment(obj: Object) -> None:
    spec = _workload(obj)
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = _mapping(strategy, "rollingUpdate")
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _replicaset(obj: Object) -> None:
    _workload(obj).setdefault("replicas", 1)


def _daemonset(obj: Object) -> None:
    spec = _workload(obj)
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = _mapping(strategy, "rollingUpdate")
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if kind != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port["port"])


def _namespace(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("finalizers", ["kubernetes"])
    labels = _mapping(obj["metadata"], "labels")
    labels["kubernetes.io/metadata.name"] = obj["metadata"]["name"]


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")


def _endpointslice(obj: Object) -> None:
    for port in obj.get("ports") or ():
        port.setdefault("protocol", "TCP")
        port.setdefault("name", "")


def _workload(obj: Object) -> Object:
    spec: Object = obj.setdefault("spec", {})
    template = _mapping(spec, "template")
    default_pod_spec(_mapping(template, "spec"))
    return spec


def _mapping(obj: Object, key: str) -> Any:
    if obj.get(key) is None:
        obj[key] = {}
    return obj[key]


_DEFAULTS: Mapping[str, Callable[[Object], None]] = {
    "pods": _pod,
    "services": _service,
    "namespaces": _namespace,
    "secrets": _secret,
    "deployments.apps": _deployment,
    "replicasets.apps": _replicaset,
    "daemonsets.apps": _daemonset,
    "endpointslices.discovery.k8s.io": _endpointslice,
}
