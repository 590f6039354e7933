"""Why a workload cannot create its pods: a webhook, a quota, a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["event_path", "failure_in_events", "failure_in_status"]

LONGEST = 300


def failure_in_status(workload: Mapping[str, Any]) -> str:
    """What a Deployment says of pods that it cannot create; empty when it says nothing."""
    for condition in (workload.get("status") or {}).get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return _one_line(condition.get("message", ""))
    return ""


def event_path(workload: Mapping[str, Any]) -> str:
    """Where the API has the warnings about a workload itself."""
    meta = workload["metadata"]
    fields = f"involvedObject.name%3D{meta['name']}%2Ctype%3DWarning%2Creason%3DFailedCreate"
    return f"/api/v1/namespaces/{meta['namespace']}/events?fieldSelector={fields}"


def failure_in_events(events: Iterable[Mapping[str, Any]], kind: str) -> str:
    """The latest of these events about an object of `kind` (`StatefulSet`); empty for none."""
    mine = [one for one in events if one["involvedObject"].get("kind") == kind]
    latest = max(mine, key=lambda one: one.get("lastTimestamp") or "", default=None)
    return _one_line(latest.get("message", "")) if latest else ""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."
