"""POST, PUT, PATCH and DELETE of objects."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from upgrade_e2e_simulator.api.deletion import DeleteOptions
from upgrade_e2e_simulator.api.eviction import evict
from upgrade_e2e_simulator.api.exchange import json_response, read_object
from upgrade_e2e_simulator.api.extras import Extras
from upgrade_e2e_simulator.api.patching import Patch, manager_of, patch_object
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.routes import Route
from upgrade_e2e_simulator.api.status import bad_request, method_not_allowed
from upgrade_e2e_simulator.store import Object

__all__ = ["Writing", "is_dry_run"]


class Writing:
    """Answers what changes objects. The storage has been reached before."""

    def __init__(self, registry: Registry, extras: Extras) -> None:
        self._registry = registry
        self._extras = extras

    async def create(self, request: web.BaseRequest, route: Route) -> web.Response:
        """POST of an object, or of an eviction."""
        body = await read_object(request)
        if route.subresource == "eviction":
            return json_response(evict(self._registry, route.namespace, route.name, body), 201)
        if route.subresource:
            raise method_not_allowed()
        warnings = self._extras.doubts(request, route.resource, body)
        obj = self._registry.create(
            route.resource, route.namespace, body, dry_run=is_dry_run(request)
        )
        return _warned(json_response(obj, 201), warnings)

    async def replace(self, request: web.BaseRequest, route: Route) -> web.Response:
        """PUT of an object or its status."""
        body = await read_object(request)
        if not isinstance(body, dict):
            raise bad_request("the object provided is unrecognized (must be a JSON object)")
        warnings = self._extras.doubts(request, route.resource, body)
        obj = self._registry.update(
            route.resource,
            route.namespace,
            route.name,
            self._owned(request, route, body),
            subresource=route.subresource,
            dry_run=is_dry_run(request),
        )
        return _warned(json_response(obj), warnings)

    def _owned(self, request: web.BaseRequest, route: Route, body: Object) -> Object:
        if route.subresource:
            return body
        old = self._registry.get(route.resource, route.namespace, route.name)
        return self._extras.owned(old, body, manager_of(request))

    async def patch(self, request: web.BaseRequest, route: Route) -> web.Response:
        """PATCH in one of the formats."""
        patch = await Patch.read(request, self._extras.formats)
        warnings = self._extras.doubts(request, route.resource, patch.request.body)
        obj, code = patch_object(
            self._registry, route, patch, self._extras, dry_run=is_dry_run(request)
        )
        return _warned(json_response(obj, code), warnings)

    async def delete(self, request: web.BaseRequest, route: Route) -> web.Response:
        """DELETE of one object."""
        body = await read_object(request, empty={})
        options = DeleteOptions.parse(body, dict(request.query))
        return json_response(
            self._registry.delete(route.resource, route.namespace, route.name, options)
        )


def is_dry_run(request: web.BaseRequest) -> bool:
    """Whether nothing is to be stored. Raises 400."""
    value = request.query.get("dryRun", "")
    if value not in {"", "All"}:
        raise bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')
    return value == "All"


def _warned(response: web.Response, warnings: Sequence[str]) -> web.Response:
    for warning in warnings:
        quoted = warning.replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response
