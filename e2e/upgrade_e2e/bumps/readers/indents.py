"""YAML that cannot be parsed: parts of files in a diff, and templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from upgrade_e2e.bumps.nodes import UNSEEN, Block, ListKind, Node, Rows, Scalar
from upgrade_e2e.bumps.readers.lines import plain
from upgrade_e2e.bumps.readers.texts import flagged, text_node
from upgrade_e2e.bumps.readers.yamls import NotReadable, patched, read_yaml

__all__ = ["read_indented"]

_LINE = re.compile(
    r"^(?P<indent>\s*)(?P<dashes>(?:-\s+)*)"
    r"""(?:(?P<key>"[^"]*"|'[^']*'|[^\s:#"'{\[](?:[^\s:#]|:(?=\S)|\s+(?=\S)(?!:(?:\s|$)))*+)\s*:(?:\s+(?P<value>.*))?|(?P<item>.*))$"""
)
_COMMENT = re.compile(r"(^|\s)#.*$")
_CONTROL = re.compile(r"^\s*(\{\{.*\}\}|\{%.*%\})\s*$")
_TEXT = re.compile(r"^[|>][+-]?\d*[+-]?$")
_ANCHOR = re.compile(r"^&(?P<name>\S+)\s+")
_TAG = re.compile(r"^!\S*\s+")
_STEP = 2


@dataclass
class _Column:
    """A block whose keys begin in a column."""

    column: int
    items: dict[str, Any] = field(default_factory=dict)
    key: str = UNSEEN

    def attach(self, value: Any) -> None:
        """Put a value under the key that was read last; a list keeps what it has."""
        there = self.items.get(self.key)
        if isinstance(there, list):
            there.append(value)
        elif there is None or there == {}:
            self.items[self.key] = value
        else:
            self.items[self.key] = [there, value]

    def append(self, value: Any) -> None:
        """Add an item to the list under the key that was read last."""
        there = self.items.get(self.key)
        if isinstance(there, list):
            there.append(value)
        else:
            # Keys above the first dash in sight are the end of an item.
            self.items[self.key] = [there, value] if there else [value]


class _IndentReading:
    """Lines on their way to a tree of dicts and lists."""

    def __init__(self, heading: str) -> None:
        self.root = _Column(0)
        self.base = _Column(-1, self.root.items)
        self.heading = heading
        self.frames = [self.base]
        self.anchors: dict[str, str] = {}

    def frame_at(self, column: int) -> _Column:
        """The block whose keys begin in this column, opened where there is none."""
        while self.frames[-1].column > column:
            self.frames.pop()
        top = self.frames[-1]
        if top.column == column:
            return top
        if column == 0:
            opened = self.root
        else:
            opened = _Column(column)
            parent = self._above(column) if top is self.base else top
            parent.attach(opened.items)
        self.frames.append(opened)
        return opened

    def _above(self, column: int) -> _Column:
        """What the first lines stand under: the key that diff names, and what cannot be seen."""
        found = _LINE.match(self.heading)
        if found is None or not found["key"] or found["indent"]:
            return self.base
        above = self.root.items.setdefault(plain(found["key"]), {})
        holder = _Column(0, self.root.items, plain(found["key"]))
        if column <= _STEP or not isinstance(above, dict):
            return holder
        return _Column(1, above)

    def list_at(self, column: int) -> _Column:
        """The block whose last key holds the list with dashes in a column."""
        while self.frames[-1].column > column:
            self.frames.pop()
        top = self.frames[-1]
        return self._above(column) if top is self.base and column > 0 else top

    def item_at(self, column: int, inner: int) -> _Column:
        """A new item of that list, whose keys begin in the column `inner`."""
        opened = _Column(inner)
        self.list_at(column).append(opened.items)
        self.frames.append(opened)
        return opened


def read_indented(
    lines: Sequence[tuple[int, str]], *, heading: str = "", partial: bool = True
) -> Node:
    """The keys of lines by their indentation; `partial` when not all lines are in sight."""
    documents: list[Node] = []
    current: list[tuple[int, str]] = []
    for number, line in lines:
        if line.rstrip() == "---":
            documents += _document(current, heading, partial=partial)
            current, heading = [], ""
        else:
            current.append((number, line))
    documents += _document(current, heading, partial=partial)
    return documents[0] if len(documents) == 1 else Rows(tuple(documents), ListKind.DOCUMENTS)


def _document(lines: Sequence[tuple[int, str]], heading: str, *, partial: bool) -> list[Node]:
    if not any(text.strip() for _, text in lines):
        return []
    reading = _IndentReading(heading)
    index = 0
    while index < len(lines):
        index = _read_line(reading, lines, index)
    return [_frozen(reading.root.items, partial=partial)]


def _read_line(reading: _IndentReading, lines: Sequence[tuple[int, str]], index: int) -> int:
    """Read one line, and the lines of a text that begins in it; the index of the next one."""
    number, raw = lines[index]
    text = _COMMENT.sub("", raw.expandtabs(4)).rstrip()
    found = None if not text.strip() or _CONTROL.match(text) else _LINE.match(text)
    if found is None:
        return index + 1
    frame, column = _frame_of(reading, found, number)
    if frame is None:
        return index + 1
    frame.key = plain(found["key"])
    value = found["value"] or ""
    if _TEXT.match(value):
        return _read_text(frame, lines, index, column)
    if value:
        frame.items[frame.key] = _value(value, number, reading.anchors)
    else:
        frame.items.setdefault(frame.key, {})
    return index + 1


def _frame_of(
    reading: _IndentReading, found: re.Match[str], number: int
) -> tuple[_Column | None, int]:
    """The block that a line's key belongs to, and its column; None for an item without a key."""
    column = len(found["indent"])
    dashes = list(re.finditer(r"-\s+", found["dashes"]))
    frame = None
    for dash in dashes:
        start, end = column + dash.start(), column + dash.end()
        if dash is dashes[-1] and not found["key"]:
            reading.list_at(start).append(_value(found["item"], number, reading.anchors))
            return None, column
        frame = reading.item_at(start, end)
    column += len(found["dashes"])
    if frame is None and found["key"]:
        frame = reading.frame_at(column)
    return frame, column


def _read_text(frame: _Column, lines: Sequence[tuple[int, str]], index: int, column: int) -> int:
    end = index + 1
    while end < len(lines):
        text = lines[end][1]
        if text.strip() and len(text) - len(text.lstrip()) <= column:
            break
        end += 1
    body = [text for _, text in lines[index + 1 : end]]
    if body:
        frame.items[frame.key] = text_node("\n".join(body) + "\n", lines[index + 1][0], read_yaml)
    return end


def _value(text: str, number: int, anchors: dict[str, str]) -> Node:
    text = _TAG.sub("", text.strip())
    if anchor := _ANCHOR.match(text):
        text = text[anchor.end() :]
        anchors[anchor["name"]] = plain(text)
    if text.startswith("*") and text[1:] in anchors:
        text = anchors[text[1:]]
    if text[:1] in "{[" and not text.startswith("{{"):
        try:
            return read_yaml(text, number)
        except NotReadable:
            return Scalar(text, number)
    return text_node(plain(text), number)


def _frozen(value: Any, *, partial: bool) -> Node:
    if isinstance(value, dict):
        items = {key: _frozen(below, partial=partial) for key, below in value.items()}
        return Block(items, partial)
    if isinstance(value, list):
        rows = tuple(_frozen(below, partial=partial) for below in value)
        return patched(rows) or Rows(flagged(rows))
    node: Node = value
    return node
