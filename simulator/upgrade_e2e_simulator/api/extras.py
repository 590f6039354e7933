"""What may be mounted on the API server beyond what the simulation itself needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.api.routes import Route
from upgrade_e2e_simulator.store import Object

__all__ = ["Extras", "PatchFormat", "PatchRequest", "View"]


@dataclass(frozen=True)
class PatchRequest:
    """A patch as it was sent; `manager` is who sent it, `force` whether it wins conflicts."""

    body: Any
    manager: str
    force: bool = False


@dataclass(frozen=True)
class PatchFormat:
    """What one media type of PATCH means. `creates` is for those that create what is missing.

    `merge` returns the changed object and raises StatusError.
    """

    merge: Callable[[Object, PatchRequest], Object]
    creates: bool = False


class View(Protocol):
    """Another form of what GET answers."""

    def document(self, objects: Sequence[Object], meta: Object) -> Object:
        """All `objects` as one document; `meta` is the metadata of the list."""

    def event(self, obj: Object) -> Object:
        """One object of a watch."""


@dataclass(frozen=True)
class Extras:
    """Everything that is mounted; nothing, by default.

    `document` answers at paths that are no resource. `subresources` answer by name. `view` gives
    the form that the request asks for. `doubts` finds fields that a body should not have, and
    raises 400 when it was asked to be strict. `owned` records who has changed what.
    """

    document: Callable[[web.BaseRequest], web.Response | None] = lambda _: None
    subresources: Mapping[
        str, Callable[[web.BaseRequest, Route], Awaitable[web.StreamResponse]]
    ] = field(default_factory=dict)
    formats: Mapping[str, PatchFormat] = field(default_factory=dict)
    view: Callable[[web.BaseRequest, Resource], View | None] = lambda _, __: None
    doubts: Callable[[web.BaseRequest, Resource, Any], list[str]] = lambda _, __, ___: []
    owned: Callable[[Object, Object, str], Object] = lambda _, new, __: new
