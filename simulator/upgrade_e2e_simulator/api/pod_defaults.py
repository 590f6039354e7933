"""What the API fills in where a pod, or a pod template, says nothing."""

from __future__ import annotations

from typing import Any

from upgrade_e2e_simulator.store import Object

__all__ = ["admit_pod", "default_pod_spec", "qos_class"]

TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_UNREACHABLE_S = 300

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
_CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}


def default_pod_spec(spec: Object) -> None:
    """Fill in the defaults of a PodSpec, in place."""
    for key, value in _SPEC.items():
        spec.setdefault(key, value)
    spec.setdefault("securityContext", {})
    for kind in ("initContainers", "containers"):
        for container in spec.get(kind) or ():
            _default_container(container, host_network=bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    if account := spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", account)


def _default_container(container: Object, *, host_network: bool) -> None:
    for key, value in _CONTAINER.items():
        container.setdefault(key, value)
    container.setdefault("resources", {})
    image = str(container.get("image", ""))
    latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
    pull_always = latest and "@" not in image
    container.setdefault("imagePullPolicy", "Always" if pull_always else "IfNotPresent")
    _default_ports(container, host_network=host_network)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if found := container.get(probe):
            _default_probe(found)
    for source in container.get("env") or ():
        if field := (source.get("valueFrom") or {}).get("fieldRef"):
            field.setdefault("apiVersion", "v1")
    for hook in (container.get("lifecycle") or {}).values():
        _default_http_get(hook.get("httpGet"))


def _default_ports(container: Object, *, host_network: bool) -> None:
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if host_network:
            port.setdefault("hostPort", port["containerPort"])


def _default_probe(probe: Object) -> None:
    for key, value in _PROBE.items():
        probe.setdefault(key, value)
    _default_http_get(probe.get("httpGet"))


def _default_http_get(action: Object | None) -> None:
    if action is not None:
        action.setdefault("path", "/")
        action.setdefault("scheme", "HTTP")


def _default_volume(volume: Object) -> None:
    for kind in ("configMap", "secret", "projected", "downwardAPI"):
        if (source := volume.get(kind)) is not None:
            source.setdefault("defaultMode", 0o644)
    if (host := volume.get("hostPath")) is not None:
        host.setdefault("type", "")
    if len(volume) == 1:
        volume["emptyDir"] = {}


def admit_pod(pod: Object) -> None:
    """What admission plugins add to a new pod: account, its token, tolerations, priority."""
    spec = pod["spec"]
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("priority", _priority(spec))
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    _add_tolerations(spec)
    if spec.get("automountServiceAccountToken") is not False:
        _add_token(spec)


def qos_class(spec: Object) -> str:
    """BestEffort, Burstable or Guaranteed, by the containers' requests and limits."""
    kinds = set()
    for container in [*(spec.get("initContainers") or ()), *spec["containers"]]:
        limits = container["resources"].get("limits") or {}
        requests = {**limits, **(container["resources"].get("requests") or {})}
        bounded = {"cpu", "memory"} <= set(limits) and requests == limits
        kinds.add("Guaranteed" if bounded else "Burstable" if requests else "BestEffort")
    return kinds.pop() if len(kinds) == 1 else "Burstable"


def _priority(spec: Object) -> int:
    return 2_000_000_000 if str(spec.get("priorityClassName", "")).startswith("system-") else 0


def _add_tolerations(spec: Object) -> None:
    tolerations: list[Any] = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(_covers(toleration, key) for toleration in tolerations):
            tolerations.append(
                {
                    "key": key,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": _UNREACHABLE_S,
                }
            )


def _covers(toleration: Object, key: str) -> bool:
    return toleration.get("key", key) == key and toleration.get("effect", "NoExecute") in {
        "",
        "NoExecute",
    }


def _add_token(spec: Object) -> None:
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    missing = [
        container
        for container in containers
        if all(mount["mountPath"] != TOKEN_MOUNT for mount in container.get("volumeMounts") or ())
    ]
    volumes: list[Any] = spec.setdefault("volumes", [])
    if not missing or any(volume["name"] == "kube-api-access" for volume in volumes):
        return
    volumes.append({"name": "kube-api-access", "projected": _token_volume()})
    for container in missing:
        container.setdefault("volumeMounts", []).append(
            {"name": "kube-api-access", "readOnly": True, "mountPath": TOKEN_MOUNT}
        )


def _token_volume() -> Object:
    namespace = {
        "path": "namespace",
        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
    }
    return {
        "defaultMode": 0o644,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {
                "configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }
            },
            {"downwardAPI": {"items": [namespace]}},
        ],
    }
