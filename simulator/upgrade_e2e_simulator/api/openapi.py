"""OpenAPI v3: enough for kubectl to leave validation to the server, and for `kubectl explain`."""

from __future__ import annotations

from functools import cache
from typing import Any

from upgrade_e2e.providers.sim.api.resources import Resource, groups
from upgrade_e2e.providers.sim.api.schemas import fields_of_type, type_of
from upgrade_e2e.providers.sim.store import Object

__all__ = ["openapi"]

_PLAIN: dict[str, Object] = {
    "str": {"type": "string"},
    "bytes": {"type": "string", "format": "byte"},
    "datetime": {"type": "string", "format": "date-time"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "object": {"type": "object"},
}
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
                "paths": dict(_paths(member) for member in members if member.stored),
                "components": {"schemas": _schemas(members)},
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


def _schemas(members: list[Resource]) -> Object:
    schemas: Object = {}
    for member in members:
        _add_schema(schemas, type_of(member))
        schemas.setdefault(type_of(member), {"type": "object"})[
            "x-kubernetes-group-version-kind"
        ] = [{"group": member.group, "version": member.version, "kind": member.kind}]
    return schemas


def _add_schema(schemas: Object, name: str) -> None:
    fields = fields_of_type(name)
    if fields is None or name in schemas:
        return
    properties: Object = {}
    schemas[name] = {"type": "object", "properties": properties}
    for key, (shape, inner) in fields.items():
        _add_schema(schemas, inner)
        properties[key] = _property(shape, inner)


def _property(shape: str, inner: str) -> Any:
    item = _PLAIN.get(inner) or {"allOf": [{"$ref": f"#/components/schemas/{inner}"}]}
    if shape == "list":
        return {"type": "array", "items": item}
    if shape == "map":
        return {"type": "object", "additionalProperties": item}
    return item
