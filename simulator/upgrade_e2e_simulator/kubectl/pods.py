"""The columns of pods and nodes."""

from __future__ import annotations

from typing import Any

from upgrade_e2e_simulator.api.times import seconds_since
from upgrade_e2e_simulator.kubectl.column import AGE, NAME, NONE, Column, human_duration
from upgrade_e2e_simulator.store import Object, labels_of

__all__ = ["NODE_COLUMNS", "POD_COLUMNS"]

_ROLE = "node-role.kubernetes.io/"


def _ready(pod: Object) -> str:
    statuses = pod["status"].get("containerStatuses") or []
    ready = sum(1 for item in statuses if item.get("ready"))
    return f"{ready}/{len(pod['spec']['containers'])}"


def _pod_status(pod: Object) -> str:
    status = pod.get("status", {})
    reason = str(status.get("reason") or status.get("phase") or "Unknown")
    initializing = _initializing(pod)
    if initializing:
        reason = initializing
    else:
        for item in status.get("containerStatuses") or ():
            reason = _container_reason(item) or reason
    return "Terminating" if "deletionTimestamp" in pod["metadata"] else reason


def _initializing(pod: Object) -> str:
    statuses = pod["status"].get("initContainerStatuses") or []
    done = sum(
        1
        for item in statuses
        if item.get("state", {}).get("terminated", {}).get("exitCode", 1) == 0
    )
    if done == len(statuses):
        return ""
    failed = _container_reason(statuses[done])
    plain = failed in {"", "PodInitializing"}
    return f"Init:{done}/{len(statuses)}" if plain else f"Init:{failed}"


def _container_reason(item: Object) -> str:
    state: dict[str, Any] = item.get("state") or {}
    if waiting := state.get("waiting"):
        return str(waiting.get("reason", ""))
    if ended := state.get("terminated"):
        return str(ended.get("reason") or f"ExitCode:{ended.get('exitCode', 0)}")
    return ""


def _restarts(pod: Object) -> str:
    statuses = pod["status"].get("containerStatuses") or []
    count = sum(item.get("restartCount", 0) for item in statuses)
    ends = [
        ended["finishedAt"]
        for item in statuses
        if (ended := (item.get("lastState") or {}).get("terminated")) and ended.get("finishedAt")
    ]
    if not count or not ends:
        return str(count)
    return f"{count} ({human_duration(seconds_since(max(ends)))} ago)"


def _node_status(node: Object) -> str:
    conditions = {item["type"]: item for item in node["status"].get("conditions") or ()}
    ready = conditions.get("Ready", {}).get("status")
    words = ["Ready" if ready == "True" else "NotReady" if ready else "Unknown"]
    if node["spec"].get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Object) -> str:
    roles = [key.removeprefix(_ROLE) for key in labels_of(node) if key.startswith(_ROLE)]
    return ",".join(sorted(roles)) or NONE


def _address(node: Object, kind: str) -> str:
    found = [
        item["address"] for item in node["status"].get("addresses") or () if item["type"] == kind
    ]
    return found[0] if found else NONE


def _info(key: str, title: str) -> Column:
    def cell(node: Object) -> str:
        return str(node["status"].get("nodeInfo", {}).get(key, "<unknown>"))

    return Column(title, cell, wide=True)


POD_COLUMNS = (
    NAME,
    Column("Ready", _ready),
    Column("Status", _pod_status),
    Column("Restarts", _restarts),
    AGE,
    Column("IP", lambda pod: pod["status"].get("podIP") or NONE, wide=True),
    Column("Node", lambda pod: pod["spec"].get("nodeName") or NONE, wide=True),
    Column("Nominated Node", lambda pod: pod["status"].get("nominatedNodeName") or NONE, wide=True),
    Column("Readiness Gates", lambda _: NONE, wide=True),
)

NODE_COLUMNS = (
    NAME,
    Column("Status", _node_status),
    Column("Roles", _roles),
    AGE,
    Column("Version", lambda node: node["status"].get("nodeInfo", {}).get("kubeletVersion", "")),
    Column("Internal-IP", lambda node: _address(node, "InternalIP"), wide=True),
    Column("External-IP", lambda node: _address(node, "ExternalIP"), wide=True),
    _info("osImage", "OS-Image"),
    _info("kernelVersion", "Kernel-Version"),
    _info("containerRuntimeVersion", "Container-Runtime"),
)
