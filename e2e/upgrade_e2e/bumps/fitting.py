"""How a place in a tree fits the patterns of a row: its keys, and the values around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache, lru_cache

from upgrade_e2e.bumps.differences import Place
from upgrade_e2e.bumps.nodes import UNSEEN, Block, Scalar

__all__ = ["Fit", "fit_beside", "fit_keys", "fit_root", "is_image", "plain_key", "value_at"]


class Fit(Enum):
    """Whether a shape holds for a value; MAYBE where what decides it is out of sight."""

    NO = 0
    MAYBE = 1
    YES = 2


def is_image(image: str, pattern: str) -> bool:
    """Whether a repository ends with these words: `kindest/node`, in any registry."""
    return bool(image) and (fnmatchcase(image, pattern) or fnmatchcase(image, f"*/{pattern}"))


def fit_keys(pattern: Sequence[str], path: Sequence[str]) -> Fit:
    if not pattern:
        return Fit.NO if path and path != (UNSEEN,) else Fit.YES
    if pattern[0] == "**":
        tails = [fit_keys(pattern[1:], path[skip:]) for skip in range(len(path) + 1)]
        return max(tails, key=lambda fit: fit.value)
    if path and path[0] == UNSEEN:
        rest = (fit_keys(pattern[skip:], path[1:]) for skip in range(len(pattern) + 1))
        return Fit.MAYBE if any(fit is not Fit.NO for fit in rest) else Fit.NO
    if not path or not _is_key(path[0], pattern[0]):
        return Fit.NO
    return fit_keys(pattern[1:], path[1:])


@cache
def _is_key(key: str, pattern: str) -> bool:
    """Whether a key is like a pattern: `*`, `*_addon`, `{this,that}`."""
    found = re.search(r"\{([^}]*)\}", pattern)
    if found is None:
        return fnmatchcase(key, pattern)
    start, end = pattern[: found.start()], pattern[found.end() :]
    return any(fnmatchcase(key, f"{start}{word}{end}") for word in found[1].split(","))


def fit_beside(place: Place, name: str, wanted: str) -> Fit:
    around = place.around
    while name.startswith("../") and around:
        name, around = name.removeprefix("../"), around[:-1]
    return _fit_value(around[-1:], name, wanted)


def fit_root(place: Place, name: str, wanted: str) -> Fit:
    return _fit_value(place.around[:1], name, wanted)


def _fit_value(blocks: Iterable[Block], name: str, wanted: str) -> Fit:
    """Whether the value under a dotted name is like a pattern."""
    for block in blocks:
        value = value_at(block, name)
        if value is None:
            return Fit.MAYBE if block.partial else Fit.NO
        return Fit.YES if fnmatchcase(value.lower(), wanted.lower()) else Fit.NO
    return Fit.NO


def value_at(block: Block, name: str) -> str | None:
    """A value by a name, or by a name with dots, below a block; names count in any letters.

    Empty for a name that is there and holds more names: only `*` is like it.
    """
    node = block.in_any_letters.get(name.lower())
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Block):
        return ""
    first, _, rest = name.partition(".")
    below = block.in_any_letters.get(first.lower())
    return value_at(below, rest) if rest and isinstance(below, Block) else None


@lru_cache(maxsize=20_000)
def plain_key(key: str) -> str:
    return re.sub(r"[_\-. ]", "", key).lower()
