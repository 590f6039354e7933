"""Objects to the Table of meta.k8s.io/v1."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e.providers.sim.api.resources import Resource
from upgrade_e2e.providers.sim.api.table.columns import columns_of
from upgrade_e2e.providers.sim.store import Object

__all__ = ["table_of", "table_row_event"]

_PARTIAL = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}


def table_of(
    resource: Resource, objects: Iterable[Object], list_meta: Object, include: str
) -> Object:
    """A Table of `objects`; `include` is the includeObject of the request."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_meta,
        "columnDefinitions": [column.definition for column in columns_of(resource.name)],
        "rows": [_row(resource, obj, include) for obj in objects],
    }


def table_row_event(resource: Resource, obj: Object, include: str, *, first: bool) -> Object:
    """The Table of one row that a watch event carries; only the first has definitions."""
    meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
    table = table_of(resource, [obj], meta, include)
    if not first:
        table["columnDefinitions"] = None
    return table


def _row(resource: Resource, obj: Object, include: str) -> Object:
    row: Object = {"cells": [column.cell(obj) for column in columns_of(resource.name)]}
    if include == "Object":
        row["object"] = obj
    elif include != "None":
        row["object"] = {**_PARTIAL, "metadata": obj["metadata"]}
    return row
