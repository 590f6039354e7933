"""What the observers saw, as tables of the summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrade_e2e.format import duration, moment, share
from upgrade_e2e.report.markdown import cell, table_lines
from upgrade_e2e.report.record import BrownoutRow, ObserverResult, OutageRow

__all__ = ["observed_lines"]

SHOWN = 10
"""So many outages, and so many stretches of slow answers, are in the summary."""
_FIGURES = (
    *("observer", "samples", "failed", "p50", "p99", "down at least", "outages", "blind"),
    "notices outages from",
)
_OUTAGES = (
    *("at", "observer", "target", "lasted", "probes failing", "outcomes", "during", "node"),
    "backend",
)
_BROWNOUTS = (
    *("at", "observer", "target", "lasted", "slower than", "slow answers", "slowest", "during"),
    "node",
)

_Weighed = tuple[float, tuple[str, ...]]
"""How bad it was, and what its row says."""


def observed_lines(observers: Sequence[ObserverResult]) -> Iterator[str]:
    """The figures of each observer, then the worst outages and slow answers."""
    yield from ("", "## What the observers saw", "")
    yield from table_lines(_FIGURES, map(_figures, observers))
    yield from _outages(observers)
    yield from _brownouts(observers)


def _figures(seen: ObserverResult) -> tuple[str, ...]:
    failed = "-"
    if seen.failure_ratio is not None:
        failed = f"{seen.failures} ({share(seen.failure_ratio)})"
    bound = ">= " if seen.censored else ""
    return (
        seen.name,
        str(seen.samples),
        failed,
        duration(seen.p50_s),
        f"{bound}{duration(seen.p99_s)}",
        duration(seen.downtime_s),
        str(seen.outage_count),
        share(seen.blind_share),
        duration(seen.resolution_s),
    )


def _outages(observers: Sequence[ObserverResult]) -> Iterator[str]:
    rows = [(one.weight, _outage(seen, one)) for seen in observers for one in seen.outages]
    if not rows:
        yield from ("", "No outage was seen.")
        return
    yield from ("", "## Outages, the worst first", "")
    count = sum(seen.outage_count for seen in observers)
    yield from _worst(_OUTAGES, rows, count, "more outages")


def _outage(seen: ObserverResult, row: OutageRow) -> tuple[str, ...]:
    return (
        moment(row.start_s),
        seen.name,
        cell(row.target),
        _lasted(row),
        share(row.share),
        ", ".join(f"{count} {label}" for label, count in row.outcomes.items()),
        cell(row.told),
        ", ".join(row.nodes),
        ", ".join(row.backends),
    )


def _brownouts(observers: Sequence[ObserverResult]) -> Iterator[str]:
    rows = [(one.weight, _brownout(seen, one)) for seen in observers for one in seen.brownouts]
    if not rows:
        return
    yield from ("", "## Slow answers, the worst first", "")
    count = sum(seen.brownout_count for seen in observers)
    yield from _worst(_BROWNOUTS, rows, count, "more such stretches")


def _brownout(seen: ObserverResult, row: BrownoutRow) -> tuple[str, ...]:
    return (
        moment(row.start_s),
        seen.name,
        cell(row.target),
        _lasted(row),
        duration(seen.slow_s),
        str(row.slow),
        duration(row.slowest_s),
        cell(row.told),
        ", ".join(row.nodes),
    )


def _worst(heads: Sequence[str], rows: list[_Weighed], count: int, more: str) -> Iterator[str]:
    """The worst of `rows`, and how many of the `count` that there were are not shown."""
    worst = sorted(rows, key=lambda row: -row[0])[:SHOWN]
    yield from table_lines(heads, (texts for _, texts in worst))
    if (hidden := count - len(worst)) > 0:
        yield from ("", f"{hidden} {more}; run.json lists the worst {len(rows)}.")


def _lasted(row: OutageRow | BrownoutRow) -> str:
    most = " or more" if row.at_most_s is None else f" to {duration(row.at_most_s)}"
    return f"{duration(row.at_least_s)}{most}"
