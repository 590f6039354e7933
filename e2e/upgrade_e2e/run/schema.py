"""The JSON schema of the configuration table, made from the table of options.

Editors complete and check a file with it: https://json-schema.org/draft/2020-12.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from upgrade_e2e.bumps import DECLARED
from upgrade_e2e.options import Option
from upgrade_e2e.run.config import IMAGES, KEYS

__all__ = ["SCHEMA_FILE", "config_schema", "shipped_schema"]

SCHEMA_FILE = "upgrade-e2e.schema.json"
_TYPES = {str: "string", Path: "string", int: "integer", float: "number", bool: "boolean"}


def config_schema() -> dict[str, Any]:
    """The schema of one table, as it stands in upgrade-e2e.toml."""
    properties = {name: _property(option) for name, option in sorted(KEYS.items())}
    properties[IMAGES] = {
        "description": 'Node images by version, such as "v1.34.3" = "NAME".',
        "type": "object",
        "additionalProperties": {"type": "string"},
    }
    properties |= {name: dict(schema) for name, schema in DECLARED.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "upgrade-e2e",
        "description": "Options of upgrade-e2e: upgrade-e2e.toml, or [tool.upgrade-e2e].",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def shipped_schema() -> str:
    """The text of the schema that is shipped, for tools that read a file."""
    return resources.files("upgrade_e2e").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")


def _property(option: Option) -> dict[str, Any]:
    one: dict[str, Any] = {"type": _TYPES[option.type]}
    if option.choices:
        one["enum"] = list(option.choices)
    if option.argv:
        return {"description": option.help, "type": "array", "items": one}
    if option.multiple:
        several = {"type": "array", "items": one}
        return {"description": option.help, "anyOf": [one, several]}
    if option.default not in (None, ""):
        default = option.default
        one["default"] = str(default) if isinstance(default, Path) else default
    return {"description": option.help, **one}
