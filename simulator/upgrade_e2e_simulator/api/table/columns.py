"""The columns of every other kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from upgrade_e2e.providers.sim.api.table.column import (
    AGE,
    NAME,
    NONE,
    Column,
    containers,
    human_duration,
    images,
    selector,
)
from upgrade_e2e.providers.sim.api.table.pods import NODE_COLUMNS, POD_COLUMNS
from upgrade_e2e.providers.sim.api.times import seconds_since
from upgrade_e2e.providers.sim.store import Object

__all__ = ["columns_of"]

_SHOWN_ENDPOINTS = 3


def _status(key: str) -> Callable[[Object], Any]:
    return lambda obj: obj.get("status", {}).get(key) or 0


def _spec(key: str) -> Callable[[Object], Any]:
    return lambda obj: obj.get("spec", {}).get(key) or 0


def _of(obj: Object, path: str, missing: Any = NONE) -> Any:
    value: Any = obj
    for word in path.split("."):
        value = (value or {}).get(word)
    return missing if value is None else value


_WORKLOAD_WIDE = (Column("Containers", containers, wide=True), Column("Images", images, wide=True))
_SELECTOR_WIDE = Column("Selector", selector, wide=True)


def _ports(service: Object) -> str:
    words = []
    for port in service["spec"].get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        words.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(words) or NONE


def _some(found: list[str]) -> str:
    more = len(found) - _SHOWN_ENDPOINTS
    text = ",".join(found[:_SHOWN_ENDPOINTS])
    return f"{text} + {more} more..." if more > 0 else text or NONE


def _endpoints(obj: Object) -> str:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    return _some(found)


def _slice_endpoints(obj: Object) -> str:
    found = [address for item in obj.get("endpoints") or () for address in item["addresses"]]
    return _some(found)


def _slice_ports(obj: Object) -> str:
    return ",".join(str(port.get("port", "*")) for port in obj.get("ports") or ()) or "<unset>"


def _job_status(job: Object) -> str:
    held = {
        item["type"] for item in job["status"].get("conditions") or () if item["status"] == "True"
    }
    known = [word for word in ("Complete", "Failed", "Suspended") if word in held]
    return known[0] if known else "Running"


def _job_duration(job: Object) -> str:
    start, end = job["status"].get("startTime"), job["status"].get("completionTime")
    if not start:
        return ""
    ended_ago_s = seconds_since(end) if end else 0
    return human_duration(seconds_since(start) - ended_ago_s)


def _seen(event: Object) -> str:
    last = event.get("lastTimestamp") or event.get("eventTime")
    return f"{human_duration(seconds_since(last))}" if last else "<unknown>"


def _about(event: Object) -> str:
    about = event.get("involvedObject", {})
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _external(service: Object) -> str:
    return "<pending>" if service["spec"]["type"] == "LoadBalancer" else NONE


_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "pods": POD_COLUMNS,
    "nodes": NODE_COLUMNS,
    "namespaces": (NAME, Column("Status", lambda obj: _of(obj, "status.phase")), AGE),
    "configmaps": (
        NAME,
        Column("Data", lambda obj: len(obj.get("data") or {}) + len(obj.get("binaryData") or {})),
        AGE,
    ),
    "secrets": (
        NAME,
        Column("Type", lambda obj: obj.get("type", "")),
        Column("Data", lambda obj: len(obj.get("data") or {})),
        AGE,
    ),
    "serviceaccounts": (NAME, Column("Secrets", lambda obj: len(obj.get("secrets") or ())), AGE),
    "services": (
        NAME,
        Column("Type", _spec("type")),
        Column("Cluster-IP", lambda obj: _of(obj, "spec.clusterIP")),
        Column("External-IP", _external),
        Column("Port(s)", _ports),
        AGE,
        _SELECTOR_WIDE,
    ),
    "endpoints": (NAME, Column("Endpoints", _endpoints), AGE),
    "endpointslices.discovery.k8s.io": (
        NAME,
        Column("AddressType", lambda obj: obj.get("addressType", "")),
        Column("Ports", _slice_ports),
        Column("Endpoints", _slice_endpoints),
        AGE,
    ),
    "deployments.apps": (
        NAME,
        Column("Ready", lambda obj: f"{_status('readyReplicas')(obj)}/{_spec('replicas')(obj)}"),
        Column("Up-to-date", _status("updatedReplicas")),
        Column("Available", _status("availableReplicas")),
        AGE,
        *_WORKLOAD_WIDE,
        _SELECTOR_WIDE,
    ),
    "replicasets.apps": (
        NAME,
        Column("Desired", _spec("replicas"), kind="integer"),
        Column("Current", _status("replicas"), kind="integer"),
        Column("Ready", _status("readyReplicas"), kind="integer"),
        AGE,
        *_WORKLOAD_WIDE,
        _SELECTOR_WIDE,
    ),
    "daemonsets.apps": (
        NAME,
        Column("Desired", _status("desiredNumberScheduled"), kind="integer"),
        Column("Current", _status("currentNumberScheduled"), kind="integer"),
        Column("Ready", _status("numberReady"), kind="integer"),
        Column("Up-to-date", _status("updatedNumberScheduled"), kind="integer"),
        Column("Available", _status("numberAvailable"), kind="integer"),
        Column("Node Selector", lambda _: NONE),
        AGE,
        *_WORKLOAD_WIDE,
        _SELECTOR_WIDE,
    ),
    "jobs.batch": (
        NAME,
        Column("Status", _job_status),
        Column(
            "Completions",
            lambda obj: f"{_status('succeeded')(obj)}/{_of(obj, 'spec.completions', 1)}",
        ),
        Column("Duration", _job_duration),
        AGE,
        *_WORKLOAD_WIDE,
        _SELECTOR_WIDE,
    ),
    "poddisruptionbudgets.policy": (
        NAME,
        Column("Min Available", lambda obj: str(_of(obj, "spec.minAvailable", "N/A"))),
        Column("Max Unavailable", lambda obj: str(_of(obj, "spec.maxUnavailable", "N/A"))),
        Column("Allowed Disruptions", _status("disruptionsAllowed"), kind="integer"),
        AGE,
    ),
    "leases.coordination.k8s.io": (
        NAME,
        Column("Holder", lambda obj: _of(obj, "spec.holderIdentity", "")),
        AGE,
    ),
    "events": (
        Column("Last Seen", _seen),
        Column("Type", lambda obj: obj.get("type", "")),
        Column("Reason", lambda obj: obj.get("reason", "")),
        Column("Object", _about),
        Column("Message", lambda obj: str(obj.get("message", "")).strip()),
        Column("Count", lambda obj: obj.get("count", 1), wide=True),
        Column("Name", lambda obj: obj["metadata"]["name"], wide=True),
    ),
}

_DEFAULT = (NAME, Column("Created At", lambda obj: obj["metadata"].get("creationTimestamp", "")))


def columns_of(resource: str) -> tuple[Column, ...]:
    """The columns for a resource; name and creation for those without special ones."""
    return _COLUMNS.get(resource, _DEFAULT)
