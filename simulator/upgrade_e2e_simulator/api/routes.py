"""What a request's path means."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from upgrade_e2e_simulator.api.resources import BY_PATH, Resource
from upgrade_e2e_simulator.api.status import path_not_found

__all__ = ["NotServed", "Route", "route_of"]


_VERSIONS = frozenset((group, version) for group, version, _ in BY_PATH)


class NotServed(Exception):
    """Nobody serves this path, not even with a Status object."""


@dataclass(frozen=True)
class Route:
    """A resource, or one object of it, or a subresource; `rest` is what follows `proxy/`."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""


def route_of(path: str) -> Route:
    """The route of `/api/v1/...` or `/apis/GROUP/VERSION/...`. Raises 404 and NotServed."""
    words = [unquote(word) for word in path.strip("/").split("/")]
    if words[0] == "api" and len(words) >= 3:
        group, version, words = "", words[1], words[2:]
    elif words[0] == "apis" and len(words) >= 4:
        group, version, words = words[1], words[2], words[3:]
    else:
        raise NotServed
    if (group, version) not in _VERSIONS:
        raise NotServed
    namespace = ""
    if words[0] == "namespaces" and len(words) >= 3 and words[2] not in {"status", "finalize"}:
        namespace, words = words[1], words[2:]
    resource = BY_PATH.get((group, version, words[0]))
    if resource is None:
        raise path_not_found()
    return _inside(resource, namespace, words[1:], path)


def _inside(resource: Resource, namespace: str, words: list[str], path: str) -> Route:
    name = words[0] if words else ""
    subresource = words[1] if len(words) > 1 else ""
    if resource.namespaced and name and not namespace:
        raise path_not_found()
    if namespace and not resource.namespaced:
        raise path_not_found()
    if subresource and subresource not in resource.subresources:
        raise path_not_found()
    if len(words) > 2 and subresource != "proxy":
        raise path_not_found()
    rest = path.split("/proxy", 1)[1] if subresource == "proxy" else ""
    return Route(resource, namespace, name, subresource, rest)
