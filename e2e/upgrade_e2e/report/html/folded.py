"""Which scenarios a reader sees at once, and which are behind a line that counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.record import RunRecord

__all__ = ["Folded", "fold"]

_FOLDED = (Verdict.PASS, Verdict.SKIP)
_SHOWN = tuple(verdict for verdict in Verdict if verdict not in _FOLDED)
"""Also a verdict that is new, so that no row is lost."""


@dataclass(frozen=True)
class Folded:
    """Places of scenarios in the record, in the order in which the page has them.

    `shown` are those that someone must look at. `folded` are those that held or were skipped, and
    `line` says how many of each; it is empty when there are none.
    """

    shown: Sequence[int]
    folded: Sequence[int]
    line: str


def fold(record: RunRecord) -> Folded:
    """The scenarios of a record; failures come first, and what was skipped last."""
    return Folded(_with(record, _SHOWN), _with(record, _FOLDED), _line(record))


def _with(record: RunRecord, verdicts: Sequence[Verdict]) -> Sequence[int]:
    return tuple(
        place
        for verdict in verdicts
        for place, scenario in enumerate(record.scenarios)
        if scenario.verdict is verdict
    )


def _line(record: RunRecord) -> str:
    """`31 claims held, 3 were skipped`."""
    count = Counter(scenario.verdict for scenario in record.scenarios)
    held, skipped = count[Verdict.PASS], count[Verdict.SKIP]
    parts = [f"{_claims(held)} held"] if held else []
    if skipped:
        were = "was" if skipped == 1 else "were"
        parts.append(f"{skipped if held else _claims(skipped)} {were} skipped")
    return ", ".join(parts)


def _claims(count: int) -> str:
    return f"{count} claim{'' if count == 1 else 's'}"
