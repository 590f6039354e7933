"""The last lines on a terminal after a pass: verdict, why, the worst, what to do, where to read."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.happenings import happened
from upgrade_e2e.report.headlines import headline, planted
from upgrade_e2e.report.reasons import by_reason
from upgrade_e2e.report.record import NOT_JUDGED, RunRecord
from upgrade_e2e.report.what_to_do import advice

__all__ = ["closing_lines"]

COLUMNS = 80


def closing_lines(folder: Path, run: RunRecord | str) -> list[str]:
    """The lines about one pass, wrapped; a str says why it left no record in `folder`."""
    if isinstance(run, str):
        return _wrapped(f"INCONCLUSIVE {folder.name}: {run}", "  ")
    return [line for text in _texts(folder, run) for line in _wrapped(*text)]


def _texts(folder: Path, run: RunRecord) -> Iterator[tuple[str, str]]:
    """Each text, and how its further lines are indented."""
    simulated = " (SIMULATED)" if run.simulated else ""
    yield f"{run.verdict}{simulated} {' -> '.join(run.path)}: {headline(run)}", "  "
    if run.faults:
        yield f"  {planted(run)}", "    "
    for number, what in enumerate(happened(run), start=1):
        yield f"  {number}. {what}", "     "
    # pytest itself shows the reasons of failures only.
    open_ones = [one for one in run.scenarios if one.verdict is Verdict.INCONCLUSIVE]
    for why, those in by_reason(open_ones).items():
        if why not in {run.reason, NOT_JUDGED}:
            yield f"  INCONCLUSIVE {', '.join(one.name for one in those)}: {why}", "    "
    yield f"  What to do: {advice(run)}", "    "
    yield f"  Read {folder / 'summary.md'} or report.html next to it.", "    "


def _wrapped(text: str, indent: str) -> list[str]:
    return [
        part
        for line in text.splitlines()
        for part in textwrap.wrap(
            line,
            COLUMNS,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        or [""]
    ]
