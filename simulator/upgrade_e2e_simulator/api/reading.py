"""GET: one object, a list in pages, a watch; each as JSON, or as a view that is mounted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice

from aiohttp import web

from upgrade_e2e_simulator.api.exchange import json_response, stream_lines
from upgrade_e2e_simulator.api.extras import Extras, View
from upgrade_e2e_simulator.api.gate import Gate
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.routes import Route
from upgrade_e2e_simulator.api.selection import Page, Selection, number, selection_of
from upgrade_e2e_simulator.api.status import StatusError, bad_request, expired
from upgrade_e2e_simulator.api.watching import Event, WatchOptions, watch
from upgrade_e2e_simulator.store import Object

__all__ = ["Reading"]

_ON = frozenset({"true", "1"})


class Reading:
    """Answers what changes nothing."""

    def __init__(self, registry: Registry, gate: Gate, extras: Extras) -> None:
        self._registry = registry
        self._extras = extras
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
        view = self._extras.view(request, route.resource)
        if view is not None:
            obj = view.document([obj], {"resourceVersion": obj["metadata"]["resourceVersion"]})
        return json_response(obj)

    def _list(self, request: web.BaseRequest, route: Route, query: dict[str, str]) -> web.Response:
        selection = selection_of(route.resource, route.namespace, "", query)
        page = Page.parse(query)
        self._check_revision(query, page)
        objects, meta = self._page(selection, page)
        view = self._extras.view(request, route.resource)
        if view is not None:
            return json_response(view.document(objects, meta))
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
        view = self._extras.view(request, route.resource)
        return await stream_lines(request, self._lines(events, view))

    async def _lines(
        self, events: AsyncIterator[Event], view: View | None
    ) -> AsyncIterator[Object]:
        async for event in events:
            obj = event.obj
            if view is not None and event.kind != "ERROR":
                obj = view.event(obj)
            await self._gate.thawed.wait()
            yield {"type": event.kind, "object": obj}
