"""What a pass cost, next to what stock passes and earlier passes of the same kind cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from upgrade_e2e.format import NOTHING, duration, share

__all__ = [
    "COST_TITLE",
    "Cost",
    "CostMark",
    "CostRow",
    "Spread",
    "cost_heads",
    "cost_in_words",
    "cost_note",
    "cost_rows",
]

COST_TITLE = "What it cost, next to stock"


class CostMark(StrEnum):
    """How one metric of a pass compares with what is usual."""

    BETTER = "better"
    USUAL = "as usual"
    WORSE = "worse"


@dataclass(frozen=True)
class Spread:
    """One metric over several passes, in its own unit."""

    passes: int
    smallest: float
    median: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """That of these values, of which there is at least one."""
        return cls(len(values), min(values), median(values), max(values))

    def mark(self, value: float, margin: float) -> CostMark:
        """What a value is next to this: see docs/stock.md for the rule."""
        if value > self.largest + margin:
            return CostMark.WORSE
        if value < self.smallest - margin:
            return CostMark.BETTER
        return CostMark.USUAL


@dataclass(frozen=True)
class CostRow:
    """One metric of one observer, or of the pass itself where `observer` is `pass`.

    `title` is the metric in words. A `censored` value is a lower bound. `mark` is None where there
    is nothing that the value may be weighed against.
    """

    observer: str
    metric: str
    title: str
    value: float
    censored: bool = False
    stock: Spread | None = None
    history: Spread | None = None
    mark: CostMark | None = None


@dataclass(frozen=True)
class Cost:
    """The comparison of one pass.

    `stock` and `history` say in a sentence what the pass is compared with, or why with nothing;
    `history` is empty where no history was named. `stock_title` heads the column of the stock
    cost. `marked_by` is what the marks go by: `stock`, `your history`, or empty for no marks.
    """

    rows: tuple[CostRow, ...]
    stock: str
    history: str = ""
    stock_title: str = "stock"
    marked_by: str = ""

    def marked(self, mark: CostMark) -> tuple[CostRow, ...]:
        """The rows that have this mark."""
        return tuple(row for row in self.rows if row.mark is mark)


def cost_in_words(cost: Cost) -> str:
    """The comparison in a sentence: what was worse or better, or why nothing can be said."""
    if not cost.marked_by:
        return cost.stock
    found = [
        f"{mark}: {'; '.join(_in_words(row, cost) for row in rows)}"
        for mark in (CostMark.WORSE, CostMark.BETTER)
        if (rows := cost.marked(mark))
    ]
    usual = f"all {len(cost.marked(CostMark.USUAL))} figures are as usual"
    return f"Next to {cost.marked_by}, {'. And '.join(found) or usual}."


def cost_heads(cost: Cost) -> tuple[str, str, str, str, str]:
    """The heads of the columns of `cost_rows`."""
    return (
        "metric",
        "this pass",
        f"{cost.stock_title}: median (range)",
        "your history: median (range)",
        "better, as usual or worse",
    )


def cost_note(cost: Cost) -> str:
    """What the pass is compared with, and what the marks go by.

    Without marks `cost_in_words` says already why there is nothing to compare with.
    """
    if not cost.marked_by:
        return cost.history
    return " ".join(filter(None, (cost.stock, cost.history, f"Marks go by {cost.marked_by}.")))


def cost_rows(cost: Cost) -> Iterator[tuple[str, str, str, str, str]]:
    """Each row as texts: metric, this pass, stock, your history, and the mark.

    A row that is zero in all passes says nothing, and is left out.
    """
    for row in cost.rows:
        if _is_zero(row):
            continue
        yield (
            _name(row),
            _value(row),
            _range(row.metric, row.stock),
            _range(row.metric, row.history),
            str(row.mark or NOTHING),
        )


def _name(row: CostRow) -> str:
    """`dns: failed probes`."""
    return f"{row.observer}: {row.title}"


def _shown(metric: str, value: float) -> str:
    """A value in the unit that the metric's name ends with."""
    if metric.endswith("_s"):
        return duration(value)
    return share(value) if metric.endswith("_share") else f"{value:g}"


def _in_words(row: CostRow, cost: Cost) -> str:
    """`dns: failed probes 427 (usually 0 to 12)`."""
    usual = row.stock if cost.marked_by == "stock" else row.history
    known = "" if usual is None else f" (usually {_ends(row.metric, usual)})"
    return f"{_name(row)} {_value(row)}{known}"


def _value(row: CostRow) -> str:
    return f"{'>= ' if row.censored else ''}{_shown(row.metric, row.value)}"


def _range(metric: str, spread: Spread | None) -> str:
    """The median, with both ends where they differ."""
    if spread is None:
        return NOTHING
    middle, ends = _shown(metric, spread.median), _ends(metric, spread)
    return middle if ends == middle else f"{middle} ({ends})"


def _ends(metric: str, spread: Spread) -> str:
    low, high = _shown(metric, spread.smallest), _shown(metric, spread.largest)
    return low if low == high else f"{low} to {high}"


def _is_zero(row: CostRow) -> bool:
    known = [spread.largest for spread in (row.stock, row.history) if spread is not None]
    return row.value == 0 and not any(known)
