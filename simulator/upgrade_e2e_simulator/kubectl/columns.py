"""The columns of the kinds that have more than name and age."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from upgrade_e2e_simulator.kubectl.column import (
    AGE,
    NAME,
    NONE,
    Column,
    containers,
    images,
    selector,
)
from upgrade_e2e_simulator.kubectl.pods import NODE_COLUMNS, POD_COLUMNS
from upgrade_e2e_simulator.store import Object

__all__ = ["columns_of"]


def _status(key: str) -> Callable[[Object], Any]:
    return lambda obj: obj.get("status", {}).get(key) or 0


def _spec(key: str) -> Callable[[Object], Any]:
    return lambda obj: obj.get("spec", {}).get(key) or 0


_WORKLOAD_WIDE = (Column("Containers", containers, wide=True), Column("Images", images, wide=True))
_SELECTOR_WIDE = Column("Selector", selector, wide=True)


def _ports(service: Object) -> str:
    words = []
    for port in service["spec"].get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        words.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(words) or NONE


def _external(service: Object) -> str:
    return "<pending>" if service["spec"]["type"] == "LoadBalancer" else NONE


_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "pods": POD_COLUMNS,
    "nodes": NODE_COLUMNS,
    "services": (
        NAME,
        Column("Type", _spec("type")),
        Column("Cluster-IP", lambda obj: obj["spec"].get("clusterIP") or NONE),
        Column("External-IP", _external),
        Column("Port(s)", _ports),
        AGE,
        _SELECTOR_WIDE,
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
}


def columns_of(resource: str) -> tuple[Column, ...]:
    """The columns for a resource; name and age for those without special ones."""
    return _COLUMNS.get(resource, (NAME, AGE))
