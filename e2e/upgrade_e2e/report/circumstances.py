"""What was different in this pass from an upgrade of a cluster that is in use."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.report.record import RunRecord

__all__ = ["conditions"]

STAGE = "stage"


def conditions(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Names and sentences."""
    staged = [span.name.partition(" ")[2] for span in record.spans if span.kind == STAGE]
    if staged:
        yield (
            "images",
            f"those of {', '.join(staged)} were put on every node beforehand; a cluster that pulls "
            "them during the upgrade takes longer, and needs its registry",
        )
