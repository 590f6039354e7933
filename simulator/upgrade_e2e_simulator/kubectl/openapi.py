"""OpenAPI v3: enough for kubectl to leave validation to the server."""

from __future__ import annotations

from functools import cache

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.kubectl.discovery import groups
from upgrade_e2e_simulator.store import Object

__all__ = ["openapi"]

_QUERY = ("fieldValidation", "fieldManager", "dryRun")


def openapi(path: str) -> Object | None:
    """The document at `/openapi/v3` or below it; None when there is none."""
    words = path.strip("/").split("/")
    if words == ["openapi", "v3"]:
        return {
            "paths": {
                _place(group, version): _link(group, version) for group, version, _ in groups()
            }
        }
    return _document("/".join(words[2:])) if words[:2] == ["openapi", "v3"] else None


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _link(group: str, version: str) -> Object:
    return {"serverRelativeURL": f"/openapi/v3/{_place(group, version)}"}


@cache
def _document(place: str) -> Object | None:
    for group, version, members in groups():
        if _place(group, version) == place:
            return {
                "openapi": "3.0.0",
                "info": {"title": "Kubernetes (simulated)", "version": version},
                "paths": dict(_paths(member) for member in members),
                "components": {"schemas": {}},
            }
    return None


def _paths(resource: Resource) -> tuple[str, Object]:
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    operation: Object = {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": gvk,
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in _QUERY
        ],
        "responses": {"200": {"description": "OK"}},
    }
    place = resource.path("{namespace}" if resource.namespaced else "", "{name}")
    return place, {"patch": operation}
