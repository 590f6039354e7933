"""What controllers ask of pods, and the pods that they make."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.times import seconds_since
from upgrade_e2e_simulator.controllers.controller import controller_of, owner_reference
from upgrade_e2e_simulator.store import Object, name_of, namespace_of
from upgrade_e2e_simulator.store.objects import copy_of

__all__ = [
    "available_in_s",
    "is_active",
    "is_available",
    "is_ready",
    "owned_by",
    "pod_from",
    "ready_since_s",
    "rounded",
    "template_hash",
]

_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH = 10


def is_active(pod: Object) -> bool:
    """Neither over nor going."""
    return (
        pod["status"].get("phase") not in {"Succeeded", "Failed"}
        and "deletionTimestamp" not in pod["metadata"]
    )


def ready_since_s(pod: Object) -> float | None:
    """For how long it has been Ready; None when it is not."""
    for condition in pod["status"].get("conditions") or ():
        if condition["type"] == "Ready":
            held = condition["status"] == "True"
            return seconds_since(condition["lastTransitionTime"]) if held else None
    return None


def is_ready(pod: Object) -> bool:
    """Whether it is Ready."""
    return ready_since_s(pod) is not None


def is_available(pod: Object, min_ready_s: float) -> bool:
    """Whether it has been Ready for long enough."""
    since = ready_since_s(pod)
    return since is not None and (min_ready_s <= 0 or since >= min_ready_s)


def available_in_s(pods: Iterable[Object], min_ready_s: float) -> float | None:
    """When the next pod becomes available by time alone; None when none will."""
    waits = [
        min_ready_s - since
        for pod in pods
        if (since := ready_since_s(pod)) is not None and since < min_ready_s
    ]
    return min(waits) if waits else None


def owned_by(client: Client, owner: Object, resource: str = "pods") -> list[Object]:
    """The objects in the owner's namespace that it controls."""
    uid = owner["metadata"]["uid"]
    return [
        obj
        for obj in client.all_cached(resource, namespace_of(owner))
        if (reference := controller_of(obj)) is not None and reference["uid"] == uid
    ]


def pod_from(template: Object, owner: Object, labels: Object | None = None) -> Object:
    """A pod of the owner, made after its template."""
    meta = template.get("metadata") or {}
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{name_of(owner)}-",
            "namespace": namespace_of(owner),
            "labels": {**(meta.get("labels") or {}), **(labels or {})},
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": copy_of(template["spec"]),
    }
    if annotations := meta.get("annotations"):
        pod["metadata"]["annotations"] = dict(annotations)
    return pod


def template_hash(template: Object) -> str:
    """Ten letters that tell templates apart, fit for names and labels."""
    meta = {
        key: value for key, value in (template.get("metadata") or {}).items() if value is not None
    }
    text = json.dumps({**template, "metadata": meta}, sort_keys=True)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    letters = []
    for _ in range(_HASH_LENGTH):
        number, rest = divmod(number, len(_SAFE))
        letters.append(_SAFE[rest])
    return "".join(letters)


def rounded(value: int | str | None, total: int, *, up: bool) -> int:
    """A count, or a percentage of `total`, rounded up or down."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    percent = int(str(value).rstrip("%"))
    return -(-total * percent // 100) if up else total * percent // 100
