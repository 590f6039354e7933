"""How an object is prepared before it is stored: what the server sets, strips and keeps."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from upgrade_e2e_simulator.api.defaults import default
from upgrade_e2e_simulator.api.pod_defaults import admit_pod, qos_class
from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.api.status import bad_request, invalid
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.api.validation import broken_rules
from upgrade_e2e_simulator.store import Object
from upgrade_e2e_simulator.store.objects import copy_of

__all__ = ["check_identity", "has_status", "prepare_creation", "prepare_update"]

_COUNTED = frozenset({"pods", "poddisruptionbudgets.policy"})
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5


def random_suffix() -> str:
    """Five letters that cannot form words, as generateName appends."""
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(_SUFFIX_LENGTH))


def has_status(resource: Resource) -> bool:
    """Whether status is written through a subresource only."""
    return "status" in resource.subresources


def counts_generations(resource: Resource) -> bool:
    """Whether metadata.generation counts the changes of the spec."""
    return resource.group == "apps" or resource.name in _COUNTED


def check_identity(resource: Resource, namespace: str, name: str, obj: Any) -> None:
    """Refuse a body that is not an object of this kind, namespace and name (400)."""
    if not isinstance(obj, dict):
        raise bad_request("the object provided is unrecognized (must be a JSON object)")
    kind, version = obj.get("kind", resource.kind), obj.get("apiVersion", resource.api_version)
    if version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    if kind != resource.kind:
        raise bad_request(f"{kind} in version {version!r} cannot be handled as a {resource.kind}")
    meta = obj.get("metadata") or {}
    if not isinstance(meta, dict):
        raise bad_request("metadata must be an object")
    if resource.namespaced and meta.get("namespace", namespace) != namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if name and meta.get("name", name) != name:
        raise bad_request(
            f"the name of the object ({meta.get('name')}) does not match the name on the URL "
            f"({name})"
        )


def prepare_creation(resource: Resource, namespace: str, body: Object) -> Object:
    """A new object as it will be stored, but for what is allocated. Raises 400 and 422."""
    obj: Object = copy_of(body)
    meta = _named(resource, namespace, obj)
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        meta.pop(key, None)
    if has_status(resource):
        obj.pop("status", None)
    _fill(resource, obj)
    meta.update(uid=str(uuid.uuid4()), creationTimestamp=now())
    if counts_generations(resource):
        meta["generation"] = 1
    if resource.name == "pods":
        admit_pod(obj)
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
    elif resource.name == "namespaces":
        obj["status"] = {"phase": "Active"}
    elif has_status(resource):
        obj.setdefault("status", {})
    return obj


def _named(resource: Resource, namespace: str, obj: Object) -> Object:
    obj["apiVersion"], obj["kind"] = resource.api_version, resource.kind
    meta: Object = obj.get("metadata") or {}
    obj["metadata"] = meta
    meta.pop("resourceVersion", None)  # a real server takes no notice of it either
    if resource.namespaced:
        meta["namespace"] = namespace
    _drop_empty(meta)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = meta["generateName"] + random_suffix()
    return meta


def _drop_empty(meta: Object) -> None:
    for key in ("annotations", "labels"):
        if not meta.get(key):
            meta.pop(key, None)


def prepare_update(resource: Resource, old: Object, body: Object, subresource: str) -> Object:
    """What replaces `old` when a client sends `body` for it. Raises 422."""
    if subresource == "status":
        return {**old, "status": copy_of(body.get("status") or {})}
    obj: Object = copy_of(body)
    obj["apiVersion"], obj["kind"] = resource.api_version, resource.kind
    meta = obj["metadata"] = dict(obj.get("metadata") or {})
    meta.setdefault("name", old["metadata"]["name"])
    if resource.namespaced:
        meta["namespace"] = old["metadata"]["namespace"]
    _drop_empty(meta)
    for key in (*_KEPT, "generation", "resourceVersion"):
        meta.pop(key, None)
        if key in old["metadata"]:
            meta[key] = old["metadata"][key]
    if has_status(resource):
        obj["status"] = old.get("status", {})
    _keep_allocated(resource, obj, old)
    _fill(resource, obj, old)
    if counts_generations(resource) and obj.get("spec") != old.get("spec"):
        meta["generation"] = old["metadata"].get("generation", 1) + 1
    return obj


def _fill(resource: Resource, obj: Object, old: Object | None = None) -> None:
    """Defaults, then rules. Defaulting walks into the spec, so its shape is checked first."""
    try:
        default(resource.name, obj)
        causes = broken_rules(resource, obj, old)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise bad_request(
            f"{resource.kind} in version {resource.version!r} cannot be handled as a "
            f"{resource.kind}: a field has the wrong type or is missing ({error})"
        ) from error
    if causes:
        raise invalid(resource, str(obj["metadata"].get("name", "")), causes)


def _keep_allocated(resource: Resource, obj: Object, old: Object) -> None:
    if resource.name != "services" or not isinstance(obj.get("spec"), dict):
        return
    for key in ("clusterIP", "clusterIPs"):
        if not obj["spec"].get(key) and key in old["spec"]:
            obj["spec"][key] = old["spec"][key]
