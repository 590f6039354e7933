"""The table of what the pass cost, next to stock passes and earlier ones."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.report.cost import COST_TITLE, CostMark, cost_heads, cost_note, cost_rows
from upgrade_e2e.report.html.tables import Cell, Column, Table, text
from upgrade_e2e.report.record import RunRecord

__all__ = ["cost_tables"]

_TONES = {CostMark.WORSE: "worse", CostMark.BETTER: "better", CostMark.USUAL: "muted"}


def cost_tables(record: RunRecord) -> Iterator[Table]:
    """The one table, where the pass was compared."""
    cost = record.cost
    if cost is None:
        return
    metric, mine, stock, history, mark = cost_heads(cost)
    columns = (
        Column(metric, "metric"),
        Column(mine, "this", numeric=True),
        Column(stock, "stock", numeric=True),
        Column(history, "history", numeric=True),
        Column(mark, "mark", whole=True),
    )
    rows = [_row(texts) for texts in cost_rows(cost)]
    yield Table("cost", COST_TITLE, columns, rows, note=cost_note(cost), stacked=True)


def _row(texts: tuple[str, str, str, str, str]) -> tuple[Cell, ...]:
    *figures, mark = texts
    tone = next((tone for known, tone in _TONES.items() if known == mark), "muted")
    return (*(text(figure) for figure in figures), text(mark, tone))
