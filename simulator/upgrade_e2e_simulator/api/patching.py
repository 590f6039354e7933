"""PATCH: the body's format decides what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from upgrade_e2e.providers.sim.api.exchange import parse
from upgrade_e2e.providers.sim.api.patch import (
    ApplyConflict,
    BadPatch,
    after_update,
    apply_configuration,
    json_patch,
    merge_patch,
    strategic_merge,
)
from upgrade_e2e.providers.sim.api.patch.ownership import Manager
from upgrade_e2e.providers.sim.api.registry import Registry
from upgrade_e2e.providers.sim.api.routes import Route
from upgrade_e2e.providers.sim.api.status import (
    StatusError,
    bad_request,
    cause,
    no_field_manager,
    unsupported_media_type,
)
from upgrade_e2e.providers.sim.api.times import now
from upgrade_e2e.providers.sim.store import Key, Object

__all__ = ["Patch", "apply_patch"]

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_FORMATS = (JSON_PATCH, MERGE, STRATEGIC, APPLY)


@dataclass(frozen=True)
class Patch:
    """A patch as it was sent; `manager` is who sent it, `force` whether to win conflicts."""

    body: Any
    content_type: str
    manager: Manager
    force: bool = False

    @classmethod
    async def read(cls, request: web.BaseRequest, manager: Manager) -> Patch:
        """From a request. Raises 400 and 415."""
        if request.content_type not in _FORMATS:
            raise unsupported_media_type(_FORMATS)
        body = parse(await request.read(), request.content_type)
        applies = request.content_type == APPLY
        if applies and not request.query.get("fieldManager"):
            raise no_field_manager()
        operation = "Apply" if applies else "Update"
        force = request.query.get("force") in {"true", "1"}
        return cls(body, request.content_type, Manager(manager.name, operation), force)

    @property
    def applies(self) -> bool:
        """Whether this is a server-side apply."""
        return self.content_type == APPLY

    @property
    def configuration(self) -> Any:
        """The object in it whose fields can be checked; None for lists of operations."""
        return None if self.content_type == JSON_PATCH else _without_directives(self.body)

    def changed(self, live: Object) -> Object:
        """`live` after the patch. Raises 400, 409 and 422."""
        if self.applies:
            return self._applied(live)
        try:
            if self.content_type == JSON_PATCH:
                new = json_patch(live, self.body)
            elif self.content_type == STRATEGIC:
                new = strategic_merge(live, self.body)
            else:
                new = merge_patch(live, self.body)
        except BadPatch as error:
            if self.content_type == JSON_PATCH:
                message = "the server rejected our request due to an error in our request"
                raise StatusError(422, "Invalid", f"{message}: {error}", {}) from error
            raise bad_request(str(error)) from error
        return after_update(live, new, self.manager, now()) if "metadata" in live else new

    def _applied(self, live: Object) -> Object:
        if not isinstance(self.body, dict):
            raise bad_request("the configuration to apply must be an object")
        try:
            return apply_configuration(live, self.body, self.manager, now(), force=self.force)
        except ApplyConflict as error:
            raise _conflicts(error) from error


def _without_directives(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_directives(item) for key, item in value.items() if key[:1] != "$"}
    if isinstance(value, list):
        return [_without_directives(item) for item in value]
    return value


def _conflicts(error: ApplyConflict) -> StatusError:
    listed = [
        cause(path, f'conflict with "{who}"', "FieldManagerConflict")
        for who, path in error.conflicts
    ]
    lines = [f"{item['message']}: {item['field']}" for item in listed]
    count = len(listed)
    head = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: "
    body = lines[0] if count == 1 else "conflicts:\n- " + "\n- ".join(lines)
    return StatusError(409, "Conflict", head + body, {"causes": listed})


def apply_patch(
    registry: Registry, route: Route, patch: Patch, *, dry_run: bool
) -> tuple[Object, int]:
    """The patched object and the HTTP code: 201 when an apply has created it."""
    resource, namespace, name = route.resource, route.namespace, route.name
    if patch.applies and registry.store.get(Key(resource.name, namespace, name)) is None:
        blank = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {}}
        created = patch.changed(blank)
        created["metadata"].setdefault("name", name)
        return registry.create(resource, namespace, created, dry_run=dry_run), 201
    changed = registry.change(
        resource, namespace, name, patch.changed, subresource=route.subresource, dry_run=dry_run
    )
    return changed, 200
