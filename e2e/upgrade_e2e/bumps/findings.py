"""What the user asks about a change, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from upgrade_e2e.bumps.changes import ChangedFile, matches
from upgrade_e2e.bumps.shapes import Shape, key_shape, shipped_shapes

__all__ = ["Findings", "Question", "Remark"]


@dataclass(frozen=True)
class Remark:
    """Something in a file that is said to the user: where, and what about it.

    `old` and `new` are the releases that it goes from and to (`v1.33.5`, or the minor `v1.33`),
    empty where there is none. `reason` is why somebody must look at what `text` says, as it is
    said of other places too; empty where `text` says all.
    """

    file: str
    line: int
    text: str
    old: str = ""
    new: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.whole_text}"

    @property
    def whole_text(self) -> str:
        """What is said about the place, with the reason."""
        return f"{self.text}: {self.reason}" if self.reason else self.text


@dataclass(frozen=True)
class Question:
    """What the user asks about a change.

    `only` are patterns of the files to look at, all if empty. `named` are patterns of files that
    hold versions: in them nothing may stay unknown. `keys` are whole paths of keys that hold one.
    `rules` are rows of the user's configuration; they count before the shipped ones.
    """

    only: Sequence[str] = ()
    named: Sequence[str] = ()
    keys: Sequence[str] = ()
    rules: Sequence[Shape] = ()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Every row, in the order in which they are asked."""
        return (*map(key_shape, self.keys), *self.rules, *shipped_shapes())

    def asks_for(self, file: ChangedFile) -> bool:
        """Whether a file is to be looked at."""
        return not self.only or any(matches(file.path, pattern) for pattern in self.only)

    def names(self, path: str) -> bool:
        """Whether the user named a file as holding versions."""
        return any(matches(path, pattern) for pattern in self.named)


@dataclass
class Findings:
    """What was found: versions to walk, what may be one, and what is named without being walked."""

    bumps: list[Remark] = field(default_factory=list)
    unknown: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
