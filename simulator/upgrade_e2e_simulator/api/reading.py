"""GET: one object, a list in pages, a watch; each as JSON or as a table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice

from aiohttp import web

from upgrade_e2e.providers.sim.api.exchange import json_response, stream_lines
from upgrade_e2e.providers.sim.api.gate import Gate
from upgrade_e2e.providers.sim.api.registry import Registry
from upgrade_e2e.providers.sim.api.routes import Route
from upgrade_e2e.providers.sim.api.selection import Page, Selection, number, selection_of
from upgrade_e2e.providers.sim.api.status import StatusError, bad_request, expired
from upgrade_e2e.providers.sim.api.table import table_of, table_row_event
from upgrade_e2e.providers.sim.api.watching import Event, WatchOptions, watch
from upgrade_e2e.providers.sim.store import Object

__all__ = ["Reading"]

_ON = frozenset({"true", "1"})


def wants_table(request: web.BaseRequest) -> bool:
    """Whether the client would rather have a Table (kubectl get)."""
    return "as=Table" in request.headers.get("Accept", "")


def _include(request: web.BaseRequest) -> str:
    return request.query.get("includeObject", "Metadata")


class Reading:
    """Answers what changes nothing."""

    def __init__(self, registry: Registry, gate: Gate) -> None:
        self._registry = registry
        self._gate = gate

    async def answer(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """The answer to a GET."""
        query = dict(request.query)
        if not route.name and query.get("watch") in _ON:
            return await self._watch(request, route, query)
        if query.get("resourceVersion") != "0":
            await self._gate.reach_storage()
        if route.name:
            return self._one(request, route)
        return self._list(request, route, query)

    def _one(self, request: web.BaseRequest, route: Route) -> web.Response:
        obj = self._registry.get(route.resource, route.namespace, route.name)
        if wants_table(request):
            meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            obj = table_of(route.resource, [obj], meta, _include(request))
        return json_response(obj)

    def _list(self, request: web.BaseRequest, route: Route, query: dict[str, str]) -> web.Response:
        selection = selection_of(route.resource, route.namespace, "", query)
        page = Page.parse(query)
        self._check_revision(query, page)
        objects, meta = self._page(selection, page)
        if wants_table(request):
            return json_response(table_of(route.resource, objects, meta, _include(request)))
        kind, version = f"{route.resource.kind}List", route.resource.api_version
        body = {"kind": kind, "apiVersion": version, "metadata": meta, "items": objects}
        return json_response(body)

    def _page(self, selection: Selection, page: Page) -> tuple[list[Object], Object]:
        revision = page.revision or self._registry.store.revision
        found = self._found(selection, page)
        objects = list(islice(found, page.limit)) if page.limit else list(found)
        meta: Object = {"resourceVersion": str(revision)}
        left = sum(1 for _ in found)
        if left:
            meta["continue"] = page.token_after(objects[-1], revision)
            meta["remainingItemCount"] = left
        return objects, meta

    def _found(self, selection: Selection, page: Page) -> Iterator[Object]:
        objects = self._registry.store.objects(selection.resource.name, selection.namespace)
        return (obj for obj in objects if selection.covers(obj) and not page.begins_behind(obj))

    def _check_revision(self, query: dict[str, str], page: Page) -> None:
        text = query.get("resourceVersion") or "0"
        if not text.isdigit():
            raise bad_request(f'invalid resource version "{text}"')
        revision, newest = number(query, "resourceVersion"), self._registry.store.revision
        if revision > newest:
            message = f"Too large resource version: {revision}, current: {newest}"
            raise StatusError(504, "Timeout", message, {"retryAfterSeconds": 1}, 1)
        if page.revision > newest:
            raise expired("The provided continue parameter is too old")

    async def _watch(
        self, request: web.BaseRequest, route: Route, query: dict[str, str]
    ) -> web.StreamResponse:
        selection = selection_of(route.resource, route.namespace, "", query)
        options = WatchOptions.parse(query)
        every_s = self._gate.parameters.bookmark_every_s
        events = watch(self._registry.store, selection, options, every_s)
        table = wants_table(request)
        lines = self._lines(events, selection, _include(request) if table else "")
        return await stream_lines(request, lines)

    async def _lines(
        self, events: AsyncIterator[Event], selection: Selection, include: str
    ) -> AsyncIterator[Object]:
        first = True
        async for event in events:
            obj = event.obj
            if include and event.kind != "ERROR":
                obj = table_row_event(selection.resource, obj, include, first=first)
                first = False
            await self._gate.thawed.wait()
            yield {"type": event.kind, "object": obj}
