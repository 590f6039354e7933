"""PATCH: the body's format decides what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from upgrade_e2e_simulator.api.exchange import parse
from upgrade_e2e_simulator.api.extras import Extras, PatchFormat, PatchRequest
from upgrade_e2e_simulator.api.merging import merge_patch
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.routes import Route
from upgrade_e2e_simulator.api.status import no_field_manager, unsupported_media_type
from upgrade_e2e_simulator.store import Key, Object

__all__ = ["Patch", "manager_of", "patch_object"]

_OWN: Mapping[str, PatchFormat] = {
    "application/merge-patch+json": PatchFormat(lambda live, sent: merge_patch(live, sent.body))
}


@dataclass(frozen=True)
class Patch:
    """A patch and its format."""

    request: PatchRequest
    format: PatchFormat

    @classmethod
    async def read(cls, request: web.BaseRequest, mounted: Mapping[str, PatchFormat]) -> Patch:
        """From a request. Raises 400 and 415."""
        formats = {**_OWN, **mounted}
        found = formats.get(request.content_type)
        if found is None:
            raise unsupported_media_type(formats)
        body = parse(await request.read(), request.content_type)
        if found.creates and not request.query.get("fieldManager"):
            raise no_field_manager()
        force = request.query.get("force") in {"true", "1"}
        return cls(PatchRequest(body, manager_of(request), force), found)

    def changed(self, live: Object) -> Object:
        """`live` after the patch. Raises 400, 409 and 422."""
        return self.format.merge(live, self.request)


def manager_of(request: web.BaseRequest) -> str:
    """Who changes something: the field manager, else the program."""
    agent = request.headers.get("User-Agent", "unknown").split("/", 1)[0]
    return request.query.get("fieldManager") or agent


def patch_object(
    registry: Registry, route: Route, patch: Patch, extras: Extras, *, dry_run: bool
) -> tuple[Object, int]:
    """The patched object and the HTTP code: 201 when the patch has created it."""
    resource, namespace, name = route.resource, route.namespace, route.name
    if patch.format.creates and registry.store.get(Key(resource.name, namespace, name)) is None:
        blank = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}}
        created = patch.changed(blank)
        created["metadata"].setdefault("name", name)
        return registry.create(resource, namespace, created, dry_run=dry_run), 201

    def changed(live: Object) -> Object:
        new = patch.changed(live)
        return new if patch.format.creates else extras.owned(live, new, patch.request.manager)

    changed_object = registry.change(
        resource, namespace, name, changed, subresource=route.subresource, dry_run=dry_run
    )
    return changed_object, 200
