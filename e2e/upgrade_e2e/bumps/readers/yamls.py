"""YAML and JSON: anchors, merge keys, several documents, documents in texts, and templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import yaml

from upgrade_e2e.bumps.nodes import Block, Document, Keys, ListKind, Node, Rows, Scalar
from upgrade_e2e.bumps.readers.texts import flagged, text_node

__all__ = ["NotReadable", "patched", "read_json", "read_yaml"]

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_NODES = 200_000
"""An alias is read wherever it stands, so a few lines can stand for any number of nodes."""
_DEEPEST = 200
_MERGE = "tag:yaml.org,2002:merge"
_TEXT_STYLES = ("|", ">")


class NotReadable(ValueError):
    """The text is not what the name of its file says; the caller reads its lines instead."""


def read_yaml(text: str, first: int = 1) -> Node:
    """The documents of a text whose first line has this number; raises NotReadable."""
    if _depth(text) > _DEEPEST:
        raise NotReadable
    try:
        made = _NodeReading(text, first)
        documents = [
            made.node(node) for node in yaml.compose_all(text, Loader=_LOADER) if node is not None
        ]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise NotReadable from error
    if len(documents) == 1:
        return documents[0]
    return Rows(tuple(documents), ListKind.DOCUMENTS)


def read_json(text: str, first: int = 1) -> Node:
    """JSON, which is YAML but for tabs; raises NotReadable, also for comments."""
    return read_yaml(text.replace("\t", " "), first)


def _depth(text: str) -> int:
    steps = ({"[": 1, "{": 1, "]": -1, "}": -1}[letter] for letter in text if letter in "[]{}")
    dashes = max((line.count("- ") for line in text.splitlines()), default=0)
    return max(dashes, *accumulate(steps, initial=0))


@dataclass
class _NodeReading:
    """One text on its way to nodes."""

    text: str
    first: int
    count: int = 0
    open: set[int] = field(default_factory=set)

    def node(self, node: yaml.Node) -> Node:
        self.count += 1
        if self.count > _MOST_NODES or id(node) in self.open:
            raise NotReadable
        line = node.start_mark.line + self.first
        if isinstance(node, yaml.ScalarNode):
            is_text = node.style in _TEXT_STYLES
            return text_node(str(node.value), line + is_text, read_yaml)
        if template := self._template(node):
            return Scalar(template, line)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node)
            return self._rows(node.value)
        finally:
            self.open.remove(id(node))

    def _mapping(self, node: yaml.MappingNode) -> Node:
        tally = Keys()
        merged: dict[str, Node] = {}
        for key, value in node.value:
            below = self.node(value)
            if key.tag == _MERGE:
                merged |= _merged(below)
            elif isinstance(key, yaml.ScalarNode):
                tally.put(str(key.value), below)
            elif template := self._template(key):
                tally.put(template, below)
        return _aimed({**merged, **tally})

    def _template(self, node: yaml.Node) -> str:
        """What a template puts in, such as `{{ value | default('1') }}`; empty for all else.

        To YAML it is a mapping whose only key is a mapping.
        """
        key = node.value[0][0] if isinstance(node, yaml.MappingNode) and node.value else None
        if not isinstance(key, yaml.MappingNode):
            return ""
        # The node itself begins at its anchor, if it has one.
        start, end = key.start_mark.index - 1, node.end_mark.index
        is_template = self.text[start : start + 2] == "{{" and key.end_mark.index + 1 == end
        return " ".join(self.text[start:end].split()) if is_template else ""

    def _rows(self, nodes: Sequence[yaml.Node]) -> Node:
        items = [self.node(item) for item in nodes]
        return patched(items) or Rows(flagged(items))


def _merged(node: Node) -> dict[str, Node]:
    """The keys that `<<` brings in; of several maps the first one wins."""
    found: dict[str, Node] = {}
    for block in reversed(node.items if isinstance(node, Rows) else (node,)):
        if isinstance(block, Block):
            found |= block.items
    return found


def patched(items: Sequence[Node]) -> Node | None:
    """What a JSON patch makes: the tree that its paths write to. None for any other list."""
    root: dict[str, Node] = {}
    for item in items:
        if not isinstance(item, Block) or not {"op", "path"} <= item.items.keys():
            return None
        path, value = item.items["path"], item.items.get("value")
        if isinstance(path, Scalar) and value is not None:
            keys = [key for key in path.value.split("/") if key]
            root = _with(root, keys, value)
    return Document(Block(root, partial=True)) if root else None


def _with(items: dict[str, Node], keys: Sequence[str], value: Node) -> dict[str, Node]:
    if not keys:
        return items
    there = items.get(keys[0])
    below = dict(there.items) if isinstance(there, Block) else {}
    new = Block(_with(below, keys[1:], value), partial=True) if keys[1:] else value
    return {**items, keys[0]: new}


def _aimed(items: dict[str, Node]) -> Block:
    """A patch gets the kind of the object that it is for, which stands next to it."""
    target, patch = items.get("target"), items.get("patch")
    if isinstance(target, Block) and isinstance(patch, Document):
        inner = patch.root.root if isinstance(patch.root, Document) else patch.root
        if isinstance(inner, Block):
            items["patch"] = Document(Block({**target.items, **inner.items}, inner.partial))
    return Block(items)
