"""Two trees compared: which values changed, came or went, and what stands around them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from upgrade_e2e.bumps.nodes import Block, Document, ListKind, Node, Rows, Scalar
from upgrade_e2e.bumps.versions import mention_in

__all__ = ["Change", "Place", "Sight", "compare"]

_NAMES = ("name", "id", "key", "alias", "role", "pool", "cluster", "environment", "env", "target")
"""Keys that say which item of a list it is."""
_VERSION = re.compile(r"v?1[._-]?\d{2}([._-]\d+)?")


@dataclass(frozen=True)
class Place:
    """Where a value stands: its keys from the root, and the blocks around it, outermost first.

    Items of lists add no key. `rows` is how many values like it the list has in which it stands
    directly, 0 outside of one; `listed` how many items the innermost list around it has.
    `is_alone` says that what is around it is on both sides.
    """

    path: tuple[str, ...] = ()
    around: tuple[Block, ...] = ()
    rows: int = 0
    listed: int = 0
    is_alone: bool = True

    @property
    def key(self) -> str:
        """The last key."""
        return self.path[-1] if self.path else ""

    @property
    def most_beside(self) -> int:
        """How many versions the longest list has that stands in a block around it."""
        lists = (node for block in self.around for node in block.items.values())
        written = (node for node in lists if isinstance(node, Rows))
        return max(map(_versions_in, written), default=0)

    @property
    def named_rows(self) -> int:
        """How many of the blocks next to the one that it is in have a version under its key."""
        nodes = self.around[-2].items.values() if len(self.around) > 1 else ()
        values = (node.items.get(self.key) for node in nodes if isinstance(node, Block))
        return sum(isinstance(one, Scalar) and mention_in(one.value) is not None for one in values)

    def below(self, key: str, block: Block) -> Place:
        """The place under a key of a block."""
        return replace(self, path=(*self.path, key), around=(*self.around, block), rows=0)


@dataclass(frozen=True)
class Sight:
    """A value of one side in its place."""

    scalar: Scalar
    place: Place


@dataclass(frozen=True)
class Change:
    """A value that changed; one side is None when it came or went."""

    before: Sight | None
    after: Sight | None


def compare(before: Node | None, after: Node | None) -> Iterator[Change]:
    """The values in which two trees differ, in the order of the new one."""
    yield from _compare(before, after, Place(), Place())


def _compare(before: Node | None, after: Node | None, old: Place, new: Place) -> Iterator[Change]:
    match before, after:
        case Scalar(), Scalar():
            if before.value != after.value:
                yield Change(Sight(before, old), Sight(after, new))
        case Document(inner), Document(other):
            yield from _compare(inner, other, Place(), Place())
        case Block(), Block():
            yield from _compare_blocks(before, after, old, new)
        case Rows(), Rows():
            yield from _compare_rows(before, after, old, new)
        case _:
            yield from (Change(Sight(*leaf), None) for leaf in _leaves(before, old))
            yield from (Change(None, Sight(*leaf)) for leaf in _leaves(after, new))


def _compare_blocks(before: Block, after: Block, old: Place, new: Place) -> Iterator[Change]:
    for key, node in after.items.items():
        there = before.items.get(key)
        yield from _compare(there, node, old.below(key, before), new.below(key, after))
    for key, node in before.items.items():
        if key not in after.items:
            yield from _compare(node, None, old.below(key, before), new.below(key, after))


def _compare_rows(before: Rows, after: Rows, old: Place, new: Place) -> Iterator[Change]:
    old, new = _in_list(old, before, after), _in_list(new, before, after)
    for first, second in _matched(before.items, after.items):
        if first is None or second is None:
            aside = replace(old, is_alone=False), replace(new, is_alone=False)
            yield from _compare(first, second, *aside)
        else:
            yield from _compare(first, second, old, new)


def _in_list(place: Place, *lists: Rows) -> Place:
    """The place of an item of these lists, which are one list on both sides."""
    if any(one.kind is not ListKind.WRITTEN for one in lists):
        return place
    rows = max(map(_versions_in, lists))
    return replace(place, rows=rows, listed=max(len(one.items) for one in lists))


def _versions_in(rows: Rows) -> int:
    if rows.kind is not ListKind.WRITTEN:
        return 0
    texts = (item.value for item in rows.items if isinstance(item, Scalar))
    return sum(mention_in(text) is not None for text in texts)


def _leaves(node: Node | None, place: Place) -> Iterator[tuple[Scalar, Place]]:
    match node:
        case Scalar():
            yield node, place
        case Document(root):
            yield from _leaves(root, Place(is_alone=False))
        case Block(items):
            for key, below in items.items():
                inner = replace(place.below(key, node), is_alone=False)
                yield from _leaves(below, inner)
        case Rows(items):
            inner = replace(_in_list(place, node), is_alone=False)
            for below in items:
                yield from _leaves(below, inner)
        case None:
            return


def _matched(
    before: Sequence[Node], after: Sequence[Node]
) -> Iterator[tuple[Node | None, Node | None]]:
    """The items of two lists that are the same: by what names them, then untouched, then in order.

    What is left over on one side is new or gone.
    """
    groups: dict[str, tuple[list[Node], list[Node]]] = defaultdict(lambda: ([], []))
    for side, items in enumerate((before, after)):
        for item in items:
            groups[_identity(item)][side].append(item)
    for olds, news in groups.values():
        left = _without_same(olds, news), _without_same(news, olds)
        yield from zip_longest(*left)


def _without_same(items: Sequence[Node], others: Sequence[Node]) -> list[Node]:
    """The items that the other side does not have as they are."""
    there: dict[str, int] = defaultdict(int)
    for other in others:
        there[_signature(other)] += 1
    left = []
    for item in items:
        name = _signature(item)
        if there[name]:
            there[name] -= 1
        else:
            left.append(item)
    return left


def _identity(node: Node) -> str:
    """What names an item; a version in the name is no part of it."""
    if isinstance(node, Document):
        return _identity(node.root)
    if not isinstance(node, Block):
        return type(node).__name__
    kind, metadata = node.items.get("kind"), node.items.get("metadata")
    words = [kind.value] if isinstance(kind, Scalar) else []
    for block in (node, metadata):
        if isinstance(block, Block):
            named = (block.items.get(name) for name in _NAMES)
            words += [name.value for name in named if isinstance(name, Scalar)][:1]
    return "/".join(_VERSION.sub("*", word) for word in words)


def _signature(node: Node) -> str:
    """All that an item says, without where it stands."""
    match node:
        case Scalar(value):
            return repr(value)
        case Document(root):
            return _signature(root)
        case Block(items):
            inner = ",".join(f"{key!r}:{_signature(below)}" for key, below in items.items())
            return f"{{{inner}}}"
        case Rows(rows):
            return f"[{','.join(map(_signature, rows))}]"
