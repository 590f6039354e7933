"""The configuration table: options that a project keeps in a file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upgrade_e2e.bumps import DECLARED, read_declared
from upgrade_e2e.errors import BadInput
from upgrade_e2e.options import OPTIONS, RUN_OPTIONS, Option

__all__ = ["CONFIG_FILE", "IMAGES", "KEYS", "TABLE", "load_config"]

TABLE = "upgrade-e2e"
CONFIG_FILE = "upgrade-e2e.toml"
IMAGES = "images"
"""A table of its own: from version to node image."""
KEYS: Mapping[str, Option] = {
    option.name: option for option in (*OPTIONS, *RUN_OPTIONS) if option.configurable
}
"""The other keys, each an option of `upgrade-e2e run`."""

_FILES = "scenario"
_PLACE = "backup-into"
"""A folder, which is relative to that of the file, or an address, which is not."""
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def load_config(file: Path | None, folder: Path) -> dict[str, Any]:
    """The options in `file`, or in `folder`: in its upgrade-e2e.toml, or in `[tool.upgrade-e2e]`
    of its pyproject.toml.

    The keys are names of options, `images`: a table from version to node image, and those that
    say how changes are read (upgrade_e2e.bumps). Values have
    the type of their option; paths are relative to the folder of the file. Raises BadInput for an
    unreadable file, an unknown key, a value of another type, and for a folder that has both.
    """
    own, project = folder / CONFIG_FILE, folder / "pyproject.toml"
    if file is None and own.is_file():
        file = own
        _require_one_table(own, project)
    if file is not None:
        table, where = _read_toml(file), CONFIG_FILE if file == own else str(file)
    else:
        table, where = _tool_table(project), f"[tool.{TABLE}] in pyproject.toml"
    base = folder if file is None else file.parent
    return {key: _read(key, value, where, base) for key, value in table.items()}


def _require_one_table(own: Path, project: Path) -> None:
    if _tool_table(project):
        raise BadInput(
            f"{own.name} and [tool.{TABLE}] in {project.name} are both there; keep one of them."
        )


def _tool_table(project: Path) -> dict[str, Any]:
    """The table in pyproject.toml; empty where there is none."""
    tool = _read_toml(project).get("tool", {}) if project.is_file() else {}
    table = tool.get(TABLE, {}) if isinstance(tool, dict) else tool
    if not isinstance(table, dict):
        raise BadInput(
            f"[tool.{TABLE}] in pyproject.toml is no table but {table!r}; write its keys below "
            f"[tool.{TABLE}]."
        )
    return table


def _read(key: str, value: Any, where: str, folder: Path) -> Any:
    if key == IMAGES:
        return _read_images(value, where)
    if key in DECLARED:
        return read_declared(key, value, where)
    if key not in KEYS:
        known = sorted([*KEYS, *DECLARED, IMAGES])
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
        raise BadInput(f"{where} has the unknown key {key!r}; {hint}")
    option = KEYS[key]
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
    if option.type is Path:
        return folder / value
    if option.name == _FILES:
        return _beside(folder, value)
    if option.name == _PLACE and value and "://" not in value:
        return str(folder / value)
    return wanted(value)


def _beside(folder: Path, scenario: str) -> str:
    """A file of scenarios next to the table; what is no file there is a name."""
    there = folder / scenario.partition("::")[0]
    return str(folder / scenario) if there.exists() else scenario


def _read_images(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise BadInput(
            f'{where}: images is {value!r}; write a table such as images = {{"v1.34.3" = "NAME"}}.'
        )
    return dict(value)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror}); check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not TOML: {error}") from error
