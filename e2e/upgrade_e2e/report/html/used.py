"""The tables of what nodes and their components used, and of what was left of each node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from upgrade_e2e.report.html.tables import Column, Table, text
from upgrade_e2e.report.record import RunRecord
from upgrade_e2e.report.resource_texts import (
    SLACK_HEADS,
    SLACK_NOTE,
    SLACK_TITLE,
    USE_HEADS,
    USE_TITLE,
    slack_texts,
    use_texts,
)

__all__ = ["resource_tables"]

_WORDS = 2
"""The first columns are names, the others figures."""


def resource_tables(record: RunRecord) -> Iterator[Table]:
    """Slack and use, where a NodeResources watched the pass."""
    if record.resources is None:
        return
    slack, use = slack_texts(record.resources), use_texts(record.resources)
    yield _table("slack", SLACK_TITLE, SLACK_HEADS, slack, SLACK_NOTE)
    yield _table("used", USE_TITLE, USE_HEADS, use)


def _table(
    key: str, title: str, heads: Sequence[str], rows: Iterable[tuple[str, ...]], note: str = ""
) -> Table:
    columns = [
        Column(head, head.replace(" ", "_"), numeric=place >= _WORDS, whole=True)
        for place, head in enumerate(heads)
    ]
    cells = [tuple(text(shown) for shown in row) for row in rows]
    return Table(key, title, columns, cells, note=note)
