"""Everything of this folder as one value that an API server takes."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from upgrade_e2e_simulator.api.exchange import json_response
from upgrade_e2e_simulator.api.extras import Extras
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.api.status import bad_request, path_not_found
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.kubectl.discovery import discover
from upgrade_e2e_simulator.kubectl.formats import FORMATS
from upgrade_e2e_simulator.kubectl.logs import LogFiles, Logs
from upgrade_e2e_simulator.kubectl.openapi import openapi
from upgrade_e2e_simulator.kubectl.ownership import Manager, after_update
from upgrade_e2e_simulator.kubectl.scale import Scales
from upgrade_e2e_simulator.kubectl.schemas import unknown_fields
from upgrade_e2e_simulator.kubectl.tables import TableView
from upgrade_e2e_simulator.store import Object

__all__ = ["LogFiles", "kubectl_extras"]


def kubectl_extras(registry: Registry, files: LogFiles) -> Extras:
    """Discovery, OpenAPI, tables, logs, scale, three patch formats, field checks, ownership."""
    return Extras(
        document=_document,
        subresources={
            "log": Logs(registry, files).answer,
            "scale": Scales(registry, FORMATS).answer,
        },
        formats=FORMATS,
        view=_view,
        doubts=_doubts,
        owned=_owned,
    )


def _document(request: web.BaseRequest) -> web.Response | None:
    if request.path.startswith("/openapi/"):
        document = openapi(request.path)
        if document is None:
            raise path_not_found()
        return json_response(document)
    found = discover(request.path)
    return None if found is None else json_response(found)


def _view(request: web.BaseRequest, resource: Resource) -> TableView | None:
    if "as=Table" not in request.headers.get("Accept", ""):
        return None
    return TableView(resource, request.query.get("includeObject", "Metadata"))


def _doubts(request: web.BaseRequest, resource: Resource, body: Any) -> list[str]:
    """Unknown fields: refused (400) when asked to be strict, else warned of when asked to."""
    how = request.query.get("fieldValidation", "Ignore")
    if how not in {"Strict", "Warn"} or not isinstance(body, dict):
        return []
    found = [f'unknown field "{path}"' for path in unknown_fields(resource, body)]
    if found and how == "Strict":
        raise bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a '
            f"{resource.kind}: strict decoding error: {', '.join(found)}"
        )
    return found


def _owned(old: Object, new: Object, manager: str) -> Object:
    return after_update(old, new, Manager(manager, "Update"), now())
