"""The calls that kubectl and the Python client make, on a simulated cluster and on a real one.

    python benchmarks/sim_conformance.py KUBECONFIG

Each answer is reduced to the facts that clients act on (code, reason, causes, defaults); what
differs is printed. Nothing is changed on the real cluster: writes are dry runs. Exit code 1 when
anything differs. docs/sim.md lists the differences that are meant.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from e2e.cluster import Api
from e2e.providers.sim.provider import SimSettings
from e2e.providers.sim.provider.starting import start_simulator
from e2e.version import KubeVersion

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
Document = Any
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


def config(name: str, **more: Any) -> Document:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def pod(name: str, **spec: Any) -> Document:
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], **spec},
    }


def deployment(name: str, labels: Document = None) -> Document:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod(name)["spec"]}
    selector = {"matchLabels": labels or {"app": name}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": selector, "template": template},
    }


DRY = [("dryRun", "All")]
STRICT = [("fieldValidation", "Strict"), *DRY]

# name, method, path, body, query, content type
CALLS = (
    ("missing pod", "GET", f"{PODS}/none", None, (), ""),
    ("missing deployment", "GET", "/apis/apps/v1/namespaces/default/deployments/no", None, (), ""),
    ("unknown path", "GET", "/api/v1/namespaces/default/gizmos", None, (), ""),
    ("unknown group", "GET", "/apis/nope.example.com/v1/things", None, (), ""),
    ("bad field selector", "GET", f"{PODS}?fieldSelector=spec.nope%3Dx", None, (), ""),
    ("bad label selector", "GET", f"{PODS}?labelSelector=a%20b", None, (), ""),
    ("future revision", "GET", f"{PODS}?resourceVersion=999999999999", None, (), ""),
    ("no namespace", "POST", "/api/v1/namespaces/nowhere/configmaps", config("a"), DRY, ""),
    ("bad name", "POST", MAPS, config("Upper_Case"), DRY, ""),
    ("no name", "POST", MAPS, {**config("x"), "metadata": {}}, DRY, ""),
    ("wrong kind", "POST", MAPS, pod("x"), DRY, ""),
    (
        "set revision",
        "POST",
        MAPS,
        {**config("x"), "metadata": {"name": "x", "resourceVersion": "5"}},
        DRY,
        "",
    ),
    ("no containers", "POST", PODS, pod("x", containers=[]), DRY, ""),
    ("unknown field", "POST", PODS, pod("x", containerz=[]), STRICT, ""),
    (
        "selector misses",
        "POST",
        "/apis/apps/v1/namespaces/default/deployments",
        deployment("x", {"a": "b"}),
        DRY,
        "",
    ),
    ("defaults of a pod", "POST", PODS, pod("x"), DRY, ""),
    (
        "defaults of a deployment",
        "POST",
        "/apis/apps/v1/namespaces/default/deployments",
        deployment("x"),
        DRY,
        "",
    ),
    (
        "apply creates",
        "PATCH",
        f"{MAPS}/applied",
        config("applied", data={"a": "1"}),
        [("fieldManager", "me"), *DRY],
        APPLY,
    ),
    ("apply without manager", "PATCH", f"{MAPS}/applied", config("applied"), DRY, APPLY),
    ("patch of nothing", "PATCH", f"{MAPS}/none", {"data": {}}, DRY, MERGE),
    ("delete of nothing", "DELETE", f"{MAPS}/none", None, (), ""),
    (
        "evict nothing",
        "POST",
        f"{PODS}/none/eviction",
        {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": "none", "namespace": "default"},
        },
        (),
        "",
    ),
    ("version", "GET", "/version", None, (), ""),
    ("ready", "GET", "/readyz", None, (), ""),
    ("core resources", "GET", "/api/v1", None, (), ""),
    ("service of the api", "GET", "/api/v1/namespaces/default/services/kubernetes", None, (), ""),
    ("system namespaces", "GET", "/api/v1/namespaces/kube-system", None, (), ""),
    ("dns service", "GET", "/api/v1/namespaces/kube-system/services/kube-dns", None, (), ""),
    ("coredns", "GET", "/apis/apps/v1/namespaces/kube-system/deployments/coredns", None, (), ""),
    (
        "kube-proxy",
        "GET",
        "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
        None,
        (),
        "",
    ),
)


def ask(api: Api, call: tuple[Any, ...]) -> tuple[int, Document]:
    """HTTP code and document of a call."""
    _, method, path, body, query, content_type = call
    try:
        data = api.request(
            method, path, body=body, query=query, content_type=content_type or "application/json"
        )
    except ApiException as error:
        return error.status, _document(error.body)
    return 200, _document(data)


def _document(data: Any) -> Document:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode() if isinstance(data, bytes) else data


def facts(code: int, document: Document) -> dict[str, Any]:
    """What of an answer must be the same everywhere."""
    found = {"code": code}
    if not isinstance(document, dict):
        return {**found, "text": document}
    found["kind"] = document.get("kind")
    if document.get("kind") == "Status":
        found["reason"] = document.get("reason")
        found["status"] = document.get("status")
        details = document.get("details") or {}
        found["about"] = {key: details.get(key) for key in ("name", "group", "kind")}
        found["fields"] = sorted(cause["field"] for cause in details.get("causes") or ())
    elif "resources" in document:
        ours = {"pods", "pods/eviction", "nodes", "services", "configmaps", "endpoints"}
        found["resources"] = {
            item["name"]: (item["kind"], item["namespaced"])
            for item in document["resources"]
            if item["name"] in ours
        }
    elif "spec" in document:
        found["spec"] = _shape(document["spec"])
    return found


_LOCAL = frozenset(
    {
        "affinity",
        "clusterIP",
        "clusterIPs",
        "containers",
        "finalizers",
        "image",
        "ipFamilies",
        "nodeName",
        "nodeSelector",
        "priority",
        "securityContext",
        "selector",
        "template",
        "tolerations",
        "volumes",
    }
)


def _shape(spec: Document) -> Document:
    """The plain values of a spec; what depends on the cluster or image is left out."""
    return {key: value for key, value in spec.items() if key not in _LOCAL and key != "ports"}


def differences(mine: Api, theirs: Api) -> list[str]:
    """A line for each call whose facts differ."""
    found: list[str] = []
    for call in CALLS:
        here, there = facts(*ask(mine, call)), facts(*ask(theirs, call))
        found += [
            f"{call[0]}: {key}: simulated {here.get(key)!r}, real {there.get(key)!r}"
            for key in sorted({*here, *there})
            if here.get(key) != there.get(key)
        ]
    return found


def main() -> int:
    real = Api.from_kubeconfig(Path(sys.argv[1]))
    version = KubeVersion.parse(real.get_json("/version")["gitVersion"])
    with tempfile.TemporaryDirectory() as folder:
        running = start_simulator(SimSettings(workdir=Path(folder), workers=1), version)
        try:
            found = differences(Api.from_kubeconfig(running.folder / "kubeconfig"), real)
        finally:
            running.end()
    print(f"{len(CALLS)} calls against {version}, {len(found)} differences")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
