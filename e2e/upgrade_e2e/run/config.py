"""The configuration table: options that a project keeps in a file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import BadInput
from upgrade_e2e.options import OPTIONS, Option

__all__ = ["TABLE", "load_config"]

TABLE = "upgrade-e2e"
IMAGES = "images"
"""A table of its own: from version to node image."""

_KNOWN: Mapping[str, Option] = {option.name: option for option in OPTIONS if option.configurable}
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def load_config(file: Path | None, folder: Path) -> dict[str, Any]:
    """The options in `[tool.upgrade-e2e]` of `folder`/pyproject.toml, or in all of `file`.

    The keys are names of options, and `images`: a table from version to node image. Values have
    the type of their option; paths are relative to the folder of the file. Raises BadInput for an
    unreadable file, an unknown key and a value of another type.
    """
    source = file or folder / "pyproject.toml"
    if file is None:
        where = f"[tool.{TABLE}] in pyproject.toml"
        table = _tool_table(_read_toml(source), where) if source.is_file() else {}
    else:
        table, where = _read_toml(file), str(file)
    return {key: _read(key, value, where, source.parent) for key, value in table.items()}


def _tool_table(document: Mapping[str, Any], where: str) -> dict[str, Any]:
    tool = document.get("tool", {})
    table = tool.get(TABLE, {}) if isinstance(tool, dict) else tool
    if not isinstance(table, dict):
        raise BadInput(f"{where} is no table but {table!r}; write its keys below [tool.{TABLE}].")
    return table


def _read(key: str, value: Any, where: str, folder: Path) -> Any:
    if key == IMAGES:
        return _read_images(value, where)
    if key not in _KNOWN:
        near = difflib.get_close_matches(key, [*_KNOWN, IMAGES], n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(_KNOWN))}."
        raise BadInput(f"{where} has the unknown key {key!r}; {hint}")
    option = _KNOWN[key]
    if option.argv and not isinstance(value, list):
        raise BadInput(f"{where}: {key} is {value!r}; write a list of texts, one per word.")
    if not (option.multiple or option.argv):
        return _one(option, value, where, folder)
    values = value if isinstance(value, list) else [value]
    return tuple(_one(option, part, where, folder) for part in values)


def _one(option: Option, value: Any, where: str, folder: Path) -> Any:
    wanted: type = str if option.type is Path else option.type
    number = wanted is float and isinstance(value, int) and not isinstance(value, bool)
    if not (number or type(value) is wanted):
        raise BadInput(f"{where}: {option.name} is {value!r}; write {_WORDS[wanted]}.")
    if option.choices and value not in option.choices:
        raise BadInput(
            f"{where}: {option.name} is {value!r}; it is one of {', '.join(option.choices)}."
        )
    return folder / value if option.type is Path else wanted(value)


def _read_images(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise BadInput(
            f'{where}: images is {value!r}; write a table such as images = {{"v1.34.4" = "NAME"}}.'
        )
    return dict(value)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror}); check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not TOML: {error}") from error
