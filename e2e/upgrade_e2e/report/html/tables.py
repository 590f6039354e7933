"""Tables of the page, as data: what is shown, and what is copied out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from upgrade_e2e.timeline import Window

__all__ = ["Cell", "Column", "Table", "number", "text"]


@dataclass(frozen=True)
class Column:
    """`title` is shown; `name` heads the column when it is copied, with the unit as suffix.

    `wide` is for sentences; a `whole` column is never broken over lines.
    """

    title: str
    name: str
    numeric: bool = False
    wide: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Cell:
    """`shown` for people; `raw` is what is copied, the same when it is empty.

    `tone` is a class of the style sheet (`worse`, `better`, `fail`, `pass`, `muted`), `anchor`
    the id that the cell links to, `zoom` the part of the timeline that it opens.
    """

    shown: str
    raw: str = ""
    tone: str = ""
    anchor: str = ""
    zoom: Window | None = None


@dataclass(frozen=True)
class Table:
    """`key` is unique on the page; `note` is a paragraph below. `ids` are those of the rows.

    On a narrow screen the cells of a `stacked` table stand below one another.
    """

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    stacked: bool = False
    ids: Sequence[str] = ()


def text(shown: object, tone: str = "", anchor: str = "") -> Cell:
    """A cell that is copied as it is shown."""
    return Cell(str(shown), tone=tone, anchor=anchor)


def number(shown: str, raw: float | None, tone: str = "") -> Cell:
    """A cell that is copied as a bare number; empty when there is none."""
    return Cell(shown, "" if raw is None else f"{raw:.9g}", tone=tone or "figure")
