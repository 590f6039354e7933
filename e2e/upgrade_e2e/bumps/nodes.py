"""What every kind of file is read into: a tree of keys, lists and values with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

__all__ = ["UNSEEN", "Block", "Document", "Keys", "ListKind", "Node", "Rows", "Scalar", "leaves"]

UNSEEN = "…"
"""A step of a path that is out of sight: a diff with few lines of context hides what is above."""


class ListKind(Enum):
    """Where a list of nodes comes from."""

    WRITTEN = "a list in the file"
    DOCUMENTS = "the documents of a file"
    REPEATED = "a key or a command that comes more than once"


@dataclass(frozen=True)
class Scalar:
    """A value as it is written, without quotes, and its line."""

    value: str
    line: int


@dataclass(frozen=True)
class Block:
    """Keys and what they hold; `partial` when more keys may be out of sight."""

    items: Mapping[str, Node] = field(default_factory=dict)
    partial: bool = False

    @cached_property
    def in_any_letters(self) -> Mapping[str, Node]:
        """The same by keys in small letters, for questions that do not care."""
        return {key.lower(): node for key, node in self.items.items()}


@dataclass(frozen=True)
class Rows:
    """Nodes one after another."""

    items: tuple[Node, ...]
    kind: ListKind = ListKind.WRITTEN


@dataclass(frozen=True)
class Document:
    """A document inside another one, such as a patch in a text: paths begin again at its root."""

    root: Node


Node = Scalar | Block | Rows | Document


class Keys(dict[str, Node]):
    """A block that is being read: a key that comes again makes a list of what it holds."""

    def put(self, key: str, node: Node) -> None:
        """Add a node under a key."""
        there = self.get(key)
        if there is None:
            self[key] = node
        elif isinstance(there, Rows) and there.kind is ListKind.REPEATED:
            self[key] = Rows((*there.items, node), ListKind.REPEATED)
        else:
            self[key] = Rows((there, node), ListKind.REPEATED)


def leaves(node: Node) -> Iterator[Scalar]:
    """All values of a tree."""
    match node:
        case Scalar():
            yield node
        case Document(root):
            yield from leaves(root)
        case Block(items):
            for below in items.values():
                yield from leaves(below)
        case Rows(rows):
            for below in rows:
                yield from leaves(below)
