"""TOML: values from the parser, lines by looking for them."""

from __future__ import annotations

import tomllib
from typing import Any

from upgrade_e2e.bumps.nodes import Block, Node, Rows
from upgrade_e2e.bumps.readers.texts import text_node
from upgrade_e2e.bumps.readers.yamls import NotReadable
from upgrade_e2e.bumps.versions import holds_version

__all__ = ["read_toml"]


def read_toml(text: str, first: int = 1) -> Node:
    """The tables of a file whose first line has this number; raises NotReadable."""
    try:
        # Numbers stay as they are written: 1.30 is no 1.3.
        table = tomllib.loads(text, parse_float=str)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotReadable from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=first)]
    return _node("", table, _Lines(lines))


class _Lines:
    """The lines in which values with versions stand, each taken once."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self._left = [(number, line) for number, line in lines if holds_version(line)]

    def take(self, key: str, value: str) -> int:
        """The first line left that has this value, next to its key where they are on one line."""
        for words in ((key, value), (value,)):
            for index, (number, line) in enumerate(self._left):
                if all(word in line for word in words):
                    del self._left[index]
                    return number
        return 0


def _node(key: str, value: Any, lines: _Lines) -> Node:
    if isinstance(value, dict):
        return Block({name: _node(name, below, lines) for name, below in value.items()})
    if isinstance(value, list):
        return Rows(tuple(_node(key, below, lines) for below in value))
    text = str(value)
    return text_node(text, lines.take(key, text.split("\n", 1)[0]) if holds_version(text) else 0)
