"""Records of earlier schema versions, step by step made into those of today.

Each step takes the JSON document of one version and gives that of the next. The file itself stays
as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.report.record import SCHEMA_VERSION

__all__ = ["migrated"]

_Document = dict[str, Any]
_STEPS_OF_1 = {"baseline": "watch-before", "settle": "watch-after"}
"""What two steps of schema 1 are called today, and the settings of their length."""
_SIMULATED_PACE = 10.0
"""How fast the time of pods went by in every simulated pass of schema 1."""


def migrated(document: Any, source: Path) -> _Document:
    """The document of a record as one of today's schema; `source` is named in errors.

    Raises DamagedRecord for a newer schema, for an unknown one, and for a document that cannot be
    what its version says.
    """
    version = document.get("schema_version") if isinstance(document, dict) else None
    if type(version) is int and version > SCHEMA_VERSION:
        raise DamagedRecord(
            f"{source} has schema version {version}, this version reads up to {SCHEMA_VERSION}: it "
            "was made by a newer upgrade-e2e; install that version to read it."
        )
    if type(version) is not int or version not in {*_STEPS, SCHEMA_VERSION}:
        raise DamagedRecord(
            f"{source} has schema version {version!r}, this version reads 1 to {SCHEMA_VERSION}; "
            "use the version of upgrade-e2e that wrote it, or run the pass again."
        )
    try:
        for step in range(version, SCHEMA_VERSION):
            document = {**_STEPS[step](document), "schema_version": step + 1}
    except (AttributeError, KeyError, TypeError) as error:
        raise DamagedRecord(
            f"{source} is not a run record of schema version {version} ({error!r}); restore the "
            "file, or run the pass again."
        ) from error
    return dict(document)


def _to_2(document: _Document) -> _Document:
    """Adds the size of the cluster, and the pace of its pods; gives two steps their new names."""
    planes, workers = _size(document)
    choices = document.get("choices", {})
    return {
        **document,
        "choices": {_STEPS_OF_1.get(key, key): value for key, value in choices.items()},
        "spans": [_renamed(span) for span in document.get("spans", ())],
        "control_planes": planes,
        "workers": workers,
        "pace": _SIMULATED_PACE if document["simulated"] else 1.0,
    }


def _renamed(span: _Document) -> _Document:
    kind = _STEPS_OF_1.get(span["kind"])
    return span if kind is None else {**span, "kind": kind, "name": kind}


def _size(document: _Document) -> tuple[int, int]:
    """How many control planes and workers there were; zeros where the record does not say."""
    parts = (document.get("inventory") or {}).get("components", ())
    names = [part["name"] for part in parts]
    if "kubelet" in names:
        planes = names.count("kube-apiserver")
        return planes, names.count("kubelet") - planes
    spans = document.get("spans", ())
    # A pass that broke off has no steps on the nodes that it did not come to.
    whole = document.get("failed_step") is None and any(s["kind"] == "settle" for s in spans)
    nodes = {span["node"] for span in spans if whole and span.get("node")}
    planes = sum(node.startswith("control-plane") for node in nodes)
    return planes, len(nodes) - planes if planes else 0


_STEPS: Mapping[int, Callable[[_Document], _Document]] = {1: _to_2}
