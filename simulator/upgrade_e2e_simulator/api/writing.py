"""POST, PUT, PATCH and DELETE of objects."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from upgrade_e2e.providers.sim.api.deletion import DeleteOptions
from upgrade_e2e.providers.sim.api.exchange import json_response, read_object
from upgrade_e2e.providers.sim.api.patch import after_update
from upgrade_e2e.providers.sim.api.patch.ownership import Manager
from upgrade_e2e.providers.sim.api.patching import Patch, apply_patch
from upgrade_e2e.providers.sim.api.registry import Registry
from upgrade_e2e.providers.sim.api.resources import Resource
from upgrade_e2e.providers.sim.api.routes import Route
from upgrade_e2e.providers.sim.api.schemas import unknown_fields
from upgrade_e2e.providers.sim.api.selection import selection_of
from upgrade_e2e.providers.sim.api.status import bad_request
from upgrade_e2e.providers.sim.api.subresources import Subresources, finalize
from upgrade_e2e.providers.sim.api.times import now
from upgrade_e2e.providers.sim.store import Object, name_of, namespace_of

__all__ = ["Writing"]


class Writing:
    """Answers what changes objects. The storage has been reached before."""

    def __init__(self, registry: Registry, subresources: Subresources) -> None:
        self._registry = registry
        self._subresources = subresources

    async def create(self, request: web.BaseRequest, route: Route) -> web.Response:
        """POST of an object or to a subresource."""
        body = await read_object(request)
        if route.subresource:
            return json_response(self._subresources.create(route, body), 201)
        warnings = _check_fields(request, route.resource, body)
        obj = self._registry.create(
            route.resource, route.namespace, body, dry_run=_dry_run(request)
        )
        return _warned(json_response(obj, 201), warnings)

    async def replace(self, request: web.BaseRequest, route: Route) -> web.Response:
        """PUT of an object, its status, its scale or a namespace's finalizers."""
        body = await read_object(request)
        if not isinstance(body, dict):
            raise bad_request("the object provided is unrecognized (must be a JSON object)")
        if route.subresource == "scale":
            scale = self._subresources.rescale(route, lambda _: body, dry_run=_dry_run(request))
            return json_response(scale)
        if route.subresource == "finalize":
            finalizers = (body.get("spec") or {}).get("finalizers") or []
            return json_response(finalize(self._registry, route.name, finalizers))
        warnings = _check_fields(request, route.resource, body)
        obj = self._registry.update(
            route.resource,
            route.namespace,
            route.name,
            self._owned(request, route, body),
            subresource=route.subresource,
            dry_run=_dry_run(request),
        )
        return _warned(json_response(obj), warnings)

    def _owned(self, request: web.BaseRequest, route: Route, body: Object) -> Object:
        if route.subresource:
            return body
        old = self._registry.get(route.resource, route.namespace, route.name)
        return after_update(old, body, _manager(request, "Update"), now())

    async def patch(self, request: web.BaseRequest, route: Route) -> web.Response:
        """PATCH in one of the four formats; an apply creates what is not there (201)."""
        patch = await Patch.read(request, _manager(request, ""))
        if route.subresource == "scale":
            scale = self._subresources.rescale(route, patch.changed, dry_run=_dry_run(request))
            return json_response(scale)
        warnings = _check_fields(request, route.resource, patch.configuration)
        obj, code = apply_patch(self._registry, route, patch, dry_run=_dry_run(request))
        return _warned(json_response(obj, code), warnings)

    async def delete(self, request: web.BaseRequest, route: Route) -> web.Response:
        """DELETE of one object, or of all that the selectors select."""
        body = await read_object(request, empty={})
        options = DeleteOptions.parse(body, dict(request.query))
        if route.name:
            gone = self._registry.delete(route.resource, route.namespace, route.name, options)
            return json_response(gone)
        return json_response(self._delete_all(request, route, options))

    def _delete_all(self, request: web.BaseRequest, route: Route, options: DeleteOptions) -> Object:
        resource = route.resource
        selection = selection_of(resource, route.namespace, "", dict(request.query))
        objects = self._registry.store.objects(resource.name, route.namespace)
        found = [obj for obj in objects if selection.covers(obj)]
        for obj in found:
            self._registry.delete(resource, namespace_of(obj), name_of(obj), options)
        meta = {"resourceVersion": str(self._registry.store.revision)}
        version, kind = resource.api_version, f"{resource.kind}List"
        return {"kind": kind, "apiVersion": version, "metadata": meta, "items": found}


def _dry_run(request: web.BaseRequest) -> bool:
    value = request.query.get("dryRun", "")
    if value not in {"", "All"}:
        raise bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')
    return value == "All"


def _manager(request: web.BaseRequest, operation: str) -> Manager:
    agent = request.headers.get("User-Agent", "unknown").split("/", 1)[0]
    return Manager(request.query.get("fieldManager") or agent, operation)


def _check_fields(request: web.BaseRequest, resource: Resource, body: Any) -> list[str]:
    """Unknown fields: refused (400) when asked to be strict, else warned of when asked to."""
    how = request.query.get("fieldValidation", "Ignore")
    if how not in {"Strict", "Warn"} or not isinstance(body, dict):
        return []
    said = [f'unknown field "{path}"' for path in unknown_fields(resource, body)]
    if said and how == "Strict":
        raise bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a '
            f"{resource.kind}: strict decoding error: {', '.join(said)}"
        )
    return said


def _warned(response: web.Response, warnings: list[str]) -> web.Response:
    for warning in warnings:
        quoted = warning.replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response
