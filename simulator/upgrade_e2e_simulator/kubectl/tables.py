"""Objects as the Table of meta.k8s.io/v1, which `kubectl get` prints."""

from __future__ import annotations

from collections.abc import Sequence

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.kubectl.columns import columns_of
from upgrade_e2e_simulator.store import Object

__all__ = ["TableView"]

_PARTIAL = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}


class TableView:
    """The tables of one answer; `include` is the includeObject of the request."""

    def __init__(self, resource: Resource, include: str) -> None:
        self._columns = columns_of(resource.name)
        self._include = include
        self._defined = False

    def document(self, objects: Sequence[Object], meta: Object) -> Object:
        """A Table with a row for each object."""
        return {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": meta,
            "columnDefinitions": [column.definition for column in self._columns],
            "rows": [self._row(obj) for obj in objects],
        }

    def event(self, obj: Object) -> Object:
        """The Table of one row that a watch event carries; only the first has definitions."""
        table = self.document([obj], {"resourceVersion": obj["metadata"]["resourceVersion"]})
        if self._defined:
            table["columnDefinitions"] = None
        self._defined = True
        return table

    def _row(self, obj: Object) -> Object:
        row: Object = {"cells": [column.cell(obj) for column in self._columns]}
        if self._include == "Object":
            row["object"] = obj
        elif self._include != "None":
            row["object"] = {**_PARTIAL, "metadata": obj["metadata"]}
        return row
