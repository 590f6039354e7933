"""The keys of the configuration table that say how changes are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrade_e2e.bumps.shapes import DECIDING, MEANINGS, read_rules
from upgrade_e2e.errors import BadInput

__all__ = ["DECLARED", "read_declared"]

_TEXTS = {"type": "array", "items": {"type": "string"}}
_ONE_OR_MORE = {"anyOf": [{"type": "string"}, _TEXTS]}
_RULE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "means": {"enum": list(MEANINGS)},
        "files": _ONE_OR_MORE,
        "path": {"type": "string"},
        "key": {"type": "string"},
        "under": {"type": "string"},
        "value": {"type": "string"},
        "comment": {"type": "string"},
        "image": _ONE_OR_MORE,
        "rows": {"enum": ["in", "values"]},
        "beside": {"type": "object", "additionalProperties": {"type": "string"}},
        "document": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "anyOf": [{"required": [key]} for key in DECIDING],
}
DECLARED: Mapping[str, Mapping[str, Any]] = {
    "bump-rules": {
        "description": "What versions in files mean, before the shapes that are known.",
        "type": "array",
        "items": _RULE,
    },
    "versions-in": {
        "description": "Files that hold Kubernetes versions, as in infra/*.tf: in them no version "
        "may stay unknown.",
        **_TEXTS,
    },
    "never-rolled-out": {
        "description": "Versions that no cluster ever got, so that a way down from them is none.",
        **_TEXTS,
    },
}
"""Each key with its JSON schema."""


def read_declared(key: str, value: Any, where: str) -> Any:
    """The value of one of these keys; raises BadInput, which names `where` it stands."""
    if key == "bump-rules":
        return read_rules(value, where)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise BadInput(f"{where}: {key} is {value!r}; write a list of texts.")
    return tuple(value)
