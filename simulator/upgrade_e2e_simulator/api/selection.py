"""Which objects a list or a watch is about: its selectors, revision and pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.api.status import bad_request
from upgrade_e2e_simulator.store import Object, labels_of
from upgrade_e2e_simulator.store.selectors import BadSelector, field_selector, label_selector

__all__ = ["Page", "Selection", "selection_of"]


@dataclass(frozen=True)
class Selection:
    """The objects of a resource that a request is about."""

    resource: Resource
    namespace: str
    matches: Callable[[Object], bool]

    def covers(self, obj: Object) -> bool:
        """Whether `obj`, of this resource, is one of them."""
        if self.namespace and obj["metadata"].get("namespace") != self.namespace:
            return False
        return self.matches(obj)


def selection_of(
    resource: Resource, namespace: str, name: str, query: Mapping[str, str]
) -> Selection:
    """Read labelSelector and fieldSelector. Raises 400."""
    tests: list[Callable[[Object], bool]] = []
    try:
        if text := query.get("labelSelector"):
            wanted = label_selector(text)
            tests.append(lambda obj: wanted(labels_of(obj)))
        if text := query.get("fieldSelector"):
            tests.append(field_selector(resource.name, text))
    except BadSelector as error:
        raise bad_request(str(error)) from error
    if name:
        tests.append(lambda obj: obj["metadata"]["name"] == name)
    return Selection(resource, namespace, lambda obj: all(test(obj) for test in tests))


@dataclass(frozen=True)
class Page:
    """`limit` and `continue` of a list. Pages go by namespace and name from the last one seen."""

    limit: int = 0
    after: tuple[str, str] | None = None
    revision: int = 0

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Page:
        """From the query. Raises 400."""
        limit = number(query, "limit")
        token = query.get("continue")
        if not token:
            return cls(limit)
        try:
            read = json.loads(base64.urlsafe_b64decode(token))
            return cls(limit, (str(read["n"]), str(read["o"])), int(read["rv"]))
        except (binascii.Error, ValueError, KeyError, TypeError) as error:
            raise bad_request("continue key is not valid") from error

    def token_after(self, obj: Object, revision: int) -> str:
        """The `continue` token of the page that begins behind `obj`."""
        meta = obj["metadata"]
        place = {"rv": revision, "n": meta.get("namespace", ""), "o": meta["name"]}
        return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()

    def begins_behind(self, obj: Object) -> bool:
        """Whether `obj` was on an earlier page."""
        meta = obj["metadata"]
        place = (meta.get("namespace", ""), meta["name"])
        return self.after is not None and place <= self.after


def number(query: Mapping[str, str], key: str) -> int:
    """A whole number of the query; 0 when it is not there. Raises 400."""
    text = query.get(key) or "0"
    if not text.isdigit():
        raise bad_request(f'invalid value for {key}: "{text}" is not a number')
    return int(text)
