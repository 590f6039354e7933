"""One module for each way in which files are written; each makes a tree of a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from upgrade_e2e.bumps.changes import LARGEST, Side, matches
from upgrade_e2e.bumps.nodes import Block, Node
from upgrade_e2e.bumps.readers.braces import read_braces
from upgrade_e2e.bumps.readers.hcl import read_hcl
from upgrade_e2e.bumps.readers.indents import read_indented
from upgrade_e2e.bumps.readers.lines import read_lines
from upgrade_e2e.bumps.readers.tomls import read_toml
from upgrade_e2e.bumps.readers.yamls import NotReadable, read_json, read_yaml

__all__ = ["read_side"]

_TEMPLATES = {".j2", ".tmpl", ".tpl", ".gotmpl", ".erb", ".template", ".example", ".sample", ".in"}
_YAML = {".yaml", ".yml", ".sls", ".ksy", ".bu"}
_HCL = {".tf", ".tfvars", ".hcl", ".tofu"}
_JSON = {".json", ".jsonc", ".json5", ".tfstate", ".ign"}
_SECTIONS = {".toml", ".ini", ".cfg", ".conf", ".properties"}
_CODE = {
    *(".ts", ".js", ".mjs", ".cjs", ".tsx", ".jsx", ".go", ".py", ".cs", ".java", ".kt", ".kts"),
    *(".rb", ".rs", ".bicep", ".bicepparam", ".groovy", ".gradle", ".jsonnet", ".libsonnet"),
    *(".cue", ".nix", ".lua", ".bzl", ".star", ".scala", ".php", ".swift", ".dhall", ".pkl"),
    *(".proto", ".dart"),
}
_CODE_NAMES = ("Jenkinsfile*", "Tiltfile*", "Vagrantfile*", "BUILD", "*.tf.*", "WORKSPACE")


@dataclass(frozen=True)
class _Way:
    """How a kind of file is read: by a parser, and by lines where that cannot."""

    parse: Callable[[str, int], Node] | None
    read: Callable[[Side, str, bool], Node]


def read_side(path: str, side: Side, *, heading: str, whole: bool) -> Node:
    """The tree of one side of an excerpt, read as the name of its file says."""
    if not side.lines:
        return Block()
    way = _way_of(path)
    text = side.text
    if whole and way.parse is not None and len(text) <= LARGEST:
        try:
            return way.parse(text, side.lines[0][0])
        except NotReadable:
            pass
    return way.read(side, heading, not whole)


def _indented(side: Side, heading: str, partial: bool) -> Node:
    return read_indented(side.lines, heading=heading, partial=partial)


def _braced(side: Side, heading: str, partial: bool) -> Node:
    return read_braces(side.lines, heading=heading, partial=partial)


def _lined(
    side: Side, _heading: str, _partial: bool, *, sections: bool = False, name: str = "version"
) -> Node:
    return read_lines(side.lines, sections=sections, name=name)


def _way_of(path: str) -> _Way:
    name = PurePosixPath(path)
    while name.suffix.lower() in _TEMPLATES and name.with_suffix("").suffix:
        name = name.with_suffix("")
    suffix = name.suffix.lower()
    if suffix in _YAML:
        return _Way(read_yaml, _indented)
    if suffix in _HCL:
        return _Way(read_hcl, _braced)
    if suffix in _JSON:
        return _Way(read_json, _braced)
    if suffix in _SECTIONS:
        parse = read_toml if suffix == ".toml" else None
        return _Way(parse, partial(_lined, sections=True))
    if suffix in _CODE or any(matches(name.name, pattern) for pattern in _CODE_NAMES):
        return _Way(None, _braced)
    return _Way(None, partial(_lined, name=name.name))
