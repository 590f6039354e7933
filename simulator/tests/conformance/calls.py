"""The calls, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["CALLS", "Call"]

Document = dict[str, Any]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
CORE, APPS = "/api/v1", "/apis/apps/v1"
DEFAULT, SYSTEM = "namespaces/default", "namespaces/kube-system"
PODS = f"{CORE}/{DEFAULT}/pods"
MAPS = f"{CORE}/{DEFAULT}/configmaps"
DEPLOYMENTS = f"{APPS}/{DEFAULT}/deployments"
COREDNS = f"{APPS}/{SYSTEM}/deployments/coredns"
DRY = "dryRun=All"


@dataclass(frozen=True)
class Call:
    """One request; `who` sends it: kubectl, or a method of the Python client."""

    name: str
    who: str
    method: str
    path: str
    body: Document | list[Document] | str | None = None
    content_type: str = "application/json"
    accept: str = "application/json"


def config(name: str, **more: Any) -> Document:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def pod(name: str, **spec: Any) -> Document:
    """A Pod with one container."""
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10"}
    spec = {"containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def workload(kind: str, name: str, labels: Document | None = None) -> Document:
    """A Deployment or DaemonSet."""
    template = {"metadata": {"labels": {"app": name}}, "spec": pod(name)["spec"]}
    selector = {"matchLabels": labels or {"app": name}}
    spec = {"selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def eviction(name: str) -> Document:
    """An Eviction."""
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}


def _reads() -> Iterator[Call]:
    get = "GET"
    yield Call("a pod that is not there", "read_namespaced_pod", get, f"{PODS}/none")
    yield Call("a deployment that is not there", "kubectl get", get, f"{DEPLOYMENTS}/none")
    yield Call("a resource that is not there", "kubectl get --raw", get, f"{CORE}/{DEFAULT}/gizmos")
    yield Call("a group that is not there", "kubectl get", get, "/apis/nope.example.com/v1/things")
    yield Call("a path that is not there", "kubectl get --raw", get, "/nothing")
    yield Call("an unknown field selector", "list", get, f"{PODS}?fieldSelector=spec.nope%3Dx")
    yield Call("a broken label selector", "list", get, f"{PODS}?labelSelector=a%20b")
    yield Call("a future revision", "list", get, f"{PODS}?resourceVersion=999999999999")
    yield Call("no revision", "list", get, f"{PODS}?resourceVersion=abc")
    yield Call("a broken continue token", "list", get, f"{PODS}?limit=1&continue=abc")
    yield Call("an empty list", "list_namespaced_job", get, f"/apis/batch/v1/{DEFAULT}/jobs")
    yield Call("logs of no pod", "kubectl logs", get, f"{PODS}/none/log")
    yield Call("the scale of coredns", "read_namespaced_deployment_scale", get, f"{COREDNS}/scale")
    yield Call("a namespace", "kubectl get ns", get, f"{CORE}/{SYSTEM}")
    yield Call(
        "the service of the API", "kubectl get svc", get, f"{CORE}/{DEFAULT}/services/kubernetes"
    )
    yield Call("the service of DNS", "kubectl get svc", get, f"{CORE}/{SYSTEM}/services/kube-dns")
    yield Call("coredns", "kubectl rollout status", get, COREDNS)
    yield Call("kube-proxy", "kubectl get ds", get, f"{APPS}/{SYSTEM}/daemonsets/kube-proxy")
    one = "fieldSelector=metadata.name%3Ddefault"
    path = f"{CORE}/namespaces?watch=1&resourceVersion=0&timeoutSeconds=1&{one}"
    yield Call("a watch", "watch.Watch().stream", get, path)
    path = f"{CORE}/namespaces?watch=1&resourceVersion=abc"
    yield Call("a watch from no revision", "watch.Watch().stream", get, path)


def _server() -> Iterator[Call]:
    get = "GET"
    yield Call("version", "kubectl version", get, "/version")
    yield Call("ready", "kubectl get --raw", get, "/readyz")
    yield Call("live", "kubectl get --raw", get, "/livez")
    yield Call("versions", "kubectl", get, "/api")
    yield Call("core resources", "kubectl api-resources", get, "/api/v1")
    yield Call("apps resources", "kubectl api-resources", get, "/apis/apps/v1")
    yield Call("policy resources", "kubectl api-resources", get, "/apis/policy/v1")


def _tables() -> Iterator[Call]:
    listed = {
        "pods": f"{CORE}/{SYSTEM}/pods",
        "nodes": f"{CORE}/nodes",
        "services": f"{CORE}/{SYSTEM}/services",
        "deployments": f"{APPS}/{SYSTEM}/deployments",
        "daemonsets": f"{APPS}/{SYSTEM}/daemonsets",
    }
    for resource, path in listed.items():
        yield Call(f"table of {resource}", f"kubectl get {resource}", "GET", path, accept=TABLE)


def _creations() -> Iterator[Call]:
    post = "POST"
    nowhere = f"{CORE}/namespaces/nowhere/configmaps?{DRY}"
    strict = f"?fieldValidation=Strict&{DRY}"
    revised = {**config("x"), "metadata": {"name": "x", "resourceVersion": "5"}}
    maps, pods, deployments = f"{MAPS}?{DRY}", f"{PODS}?{DRY}", f"{DEPLOYMENTS}?{DRY}"
    missing = workload("Deployment", "x", {"a": "b"})
    yield Call("into no namespace", "create_namespaced_config_map", post, nowhere, config("a"))
    yield Call("a name that cannot be", "kubectl create", post, maps, config("Upper_Case"))
    yield Call("no name", "kubectl create", post, maps, {**config("x"), "metadata": {}})
    yield Call("another kind", "kubectl create --raw", post, maps, pod("x"))
    yield Call("with a revision", "create_namespaced_config_map", post, maps, revised)
    yield Call("not JSON", "kubectl create --raw", post, maps, "{not json")
    yield Call("not YAML", "kubectl create --raw", post, maps, "a: [", "application/yaml")
    yield Call("an unknown media type", "kubectl create --raw", post, maps, "x", "text/x-nothing")
    yield Call("no containers", "create_namespaced_pod", post, pods, pod("x", containers=[]))
    yield Call("an unknown field", "kubectl apply", post, PODS + strict, pod("x", containerz=[]))
    yield Call("a selector that misses", "kubectl create", post, deployments, missing)
    yield Call("a pod", "create_namespaced_pod", post, pods, pod("x"))
    yield Call("a deployment", "kubectl create", post, deployments, workload("Deployment", "x"))
    path = f"{APPS}/{DEFAULT}/daemonsets?{DRY}"
    yield Call("a daemon set", "kubectl create", post, path, workload("DaemonSet", "x"))
    yield Call(
        "eviction of no pod", "kubectl drain", post, f"{PODS}/none/eviction", eviction("none")
    )
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    yield Call("what exists", "kubectl create ns", post, f"{CORE}/namespaces?{DRY}", namespace)


def _changes() -> Iterator[Call]:
    patch = "PATCH"
    applied = config("applied", data={"a": "1"})
    one, nothing = f"{MAPS}/applied?{DRY}", f"{MAPS}/none?{DRY}"
    manager = f"{one}&fieldManager=me"
    yield Call("apply", "kubectl apply --server-side", patch, manager, applied, APPLY)
    yield Call("apply without a manager", "patch", patch, one, applied, APPLY)
    yield Call("a merge into nothing", "kubectl patch", patch, nothing, {"data": {}}, MERGE)
    yield Call("a strategic merge into nothing", "kubectl apply", patch, nothing, {}, STRATEGIC)
    yield Call("a patch of no known type", "patch", patch, nothing, {}, "text/plain")
    wrong = [{"op": "replace", "path": "/spec/nope/deep", "value": 1}]
    path = f"{COREDNS}?{DRY}"
    yield Call("a JSON patch that misses", "kubectl patch", patch, path, wrong, JSON_PATCH)
    test = [{"op": "test", "path": "/metadata/name", "value": "other"}]
    yield Call("a JSON patch whose test fails", "kubectl patch", patch, path, test, JSON_PATCH)
    moved = {"spec": {"selector": {"matchLabels": {"a": "b"}}}}
    yield Call("a field that cannot change", "kubectl patch", patch, path, moved, MERGE)
    negative = {"spec": {"replicas": -1}}
    yield Call("replicas below zero", "kubectl scale", patch, path, negative, MERGE)
    scaled = f"{COREDNS}/scale?{DRY}"
    yield Call("scaling", "kubectl scale", patch, scaled, {"spec": {"replicas": 3}}, MERGE)
    old = {"metadata": {"resourceVersion": "1"}, "data": {}}
    path = f"{CORE}/{SYSTEM}/configmaps/coredns?{DRY}"
    yield Call("a patch of an old revision", "kubectl apply", patch, path, old, MERGE)
    stale = {**config("coredns"), "metadata": {"name": "coredns", "resourceVersion": "1"}}
    yield Call("a replacement of an old revision", "kubectl replace", "PUT", path, stale)
    yield Call("a replacement of another name", "replace", "PUT", path, config("other"))
    yield Call("deleting nothing", "kubectl delete", "DELETE", f"{MAPS}/none")
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "other"}}
    yield Call("deleting another's uid", "delete", "DELETE", path, options)
    yield Call("a method that is not served", "kubectl --raw", "PUT", MAPS, config("x"))


CALLS = (*_reads(), *_server(), *_tables(), *_creations(), *_changes())
