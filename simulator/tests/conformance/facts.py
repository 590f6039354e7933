"""What of an answer must be the same on every API server."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any, Protocol

from simulator.tests.conformance.calls import CALLS, Call

__all__ = ["Api", "Facts", "all_facts", "differences"]

Facts = dict[str, Any]


class Api(Protocol):
    """What has a client of the official library."""

    @property
    def client(self) -> Any:
        """The ApiClient."""


WITHIN_S = 20.0
COMPARED = frozenset(
    {
        "pods", "pods/eviction", "pods/log", "pods/status", "nodes", "nodes/status", "services",
        "configmaps", "secrets", "namespaces", "deployments", "deployments/scale", "daemonsets",
        "replicasets", "poddisruptionbudgets",
    }
)  # fmt: skip
"""Discovery is compared for these; a real server has more."""
NOT_SERVED = frozenset({"deletecollection"})
"""Verbs that a simulated cluster does not have, so they are not compared."""
LOCAL = frozenset(
    {
        "affinity", "clusterIP", "clusterIPs", "containers", "finalizers", "image", "ipFamilies",
        "nodeName", "nodeSelector", "ports", "priority", "replicas", "selector", "template",
        "tolerations", "volumes",
    }
)  # fmt: skip
"""Fields of a spec that depend on the cluster and on what was sent."""
GROUPS = ("apps", "batch", "policy", "coordination.k8s.io", "discovery.k8s.io")


def all_facts(api: Api) -> dict[str, Facts]:
    """The facts of every call, by its name."""
    return {call.name: facts(*ask(api, call)) for call in CALLS}


def ask(api: Api, call: Call) -> tuple[int, Any]:
    """HTTP code and document of a call, which is sent as it stands."""
    text = call.body if isinstance(call.body, str | None) else json.dumps(call.body)
    answer = api.client.rest_client.pool_manager.request(
        call.method,
        api.client.configuration.host + call.path,
        body=text,
        headers={"Accept": call.accept, "Content-Type": call.content_type},
        timeout=WITHIN_S,
        retries=False,
    )
    return answer.status, document(answer.data.decode())


def document(text: str) -> Any:
    """JSON, a list of JSON lines, or text."""
    with contextlib.suppress(ValueError):
        whole = json.loads(text)
        return [whole] if isinstance(whole, dict) and "type" in whole else whole
    try:
        found = [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return text
    return found


def facts(code: int, seen: Any) -> Facts:
    """What clients act on."""
    if isinstance(seen, list):
        return {"code": code, "events": [[one["type"], one["object"]["kind"]] for one in seen]}
    if not isinstance(seen, dict):
        return {"code": code, "text": seen}
    kind = seen.get("kind")
    found: Facts = {"code": code, "kind": kind, "apiVersion": seen.get("apiVersion")}
    if kind in READERS:
        return found | READERS[kind](seen)
    return found | {key: seen[key] for key in ("data", "items", "versions") if key in seen}


def _status(seen: Facts) -> Facts:
    details = seen.get("details") or {}
    return {
        "reason": seen.get("reason"),
        "status": seen.get("status"),
        "about": {key: details.get(key) for key in ("name", "group", "kind")},
        "fields": sorted(c["field"] for c in details.get("causes") or () if c.get("field")),
    }


def _table(seen: Facts) -> Facts:
    names = ("name", "type", "format", "priority")
    return {"columns": [[one[name] for name in names] for one in seen["columnDefinitions"]]}


def _resources(seen: Facts) -> Facts:
    compared = [item for item in seen["resources"] if item["name"] in COMPARED]
    return {item["name"]: _resource(item) for item in compared}


def _resource(item: Facts) -> list[Any]:
    short = sorted(item.get("shortNames") or ())
    verbs = sorted(set(item["verbs"]) - NOT_SERVED)
    return [item["kind"], item["namespaced"], verbs, short]


def _groups(seen: Facts) -> Facts:
    found = {item["metadata"]["name"]: item["versions"][0]["version"] for item in seen["items"]}
    return {name: found.get(name) for name in GROUPS}


def _object(seen: Facts) -> Facts:
    """The plain values of a spec, and the defaults of a pod's first container."""
    spec = seen["spec"]
    found: Facts = {"spec": {key: value for key, value in spec.items() if key not in LOCAL}}
    template = spec.get("template", seen)["spec"]
    if kept := template.get("containers"):
        local = ("image", "volumeMounts", "resources", "args", "command", "env", "ports")
        found["container"] = {k: v for k, v in kept[0].items() if k not in local}
        found["pod"] = {key: value for key, value in template.items() if key not in LOCAL}
    return found


READERS: dict[str, Callable[[Facts], Facts]] = {
    "APIGroupDiscoveryList": _groups,
    "APIResourceList": _resources,
    "Status": _status,
    "Table": _table,
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "Job", "Namespace", "Pod", "Scale", "Service"), _object
    ),
}


def differences(mine: dict[str, Facts], theirs: dict[str, Facts]) -> list[str]:
    """`CALL: FIELD: simulated ..., real ...` for each fact that differs."""
    return [
        f"{name}: {key}: simulated {mine[name].get(key)!r}, real {theirs[name].get(key)!r}"
        for name in mine
        for key in sorted({*mine[name], *theirs[name]})
        if mine[name].get(key) != theirs[name].get(key)
    ]
