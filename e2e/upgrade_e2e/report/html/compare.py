"""A run compared with its baseline: figures, steps and verdicts, with the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from upgrade_e2e.format import NOTHING, duration, share
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.html.tables import Cell, Column, Table, number, text
from upgrade_e2e.report.record import ObserverResult, RunRecord
from upgrade_e2e.timeline import NO_STEPS

__all__ = ["RunComparison", "compare_runs"]


@dataclass(frozen=True)
class RunComparison:
    """`warnings` say why the runs should not be compared; `tables` compare them nevertheless."""

    baseline: RunRecord
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class _Figure:
    """One figure of an observer; more is worse."""

    title: str
    name: str
    shown: Callable[[float | None], str]
    value: Callable[[ObserverResult], float | None]


_FIGURES = (
    _Figure("failure ratio", "failure_ratio", share, lambda seen: seen.failure_ratio),
    _Figure("p50", "p50_s", duration, lambda seen: seen.p50_s),
    _Figure("p99", "p99_s", duration, lambda seen: seen.p99_s),
    _Figure("down at least", "downtime_s", duration, lambda seen: seen.downtime_s),
    _Figure("longest gap", "longest_gap_s", duration, lambda seen: seen.longest_gap_s),
    _Figure("longest silence", "longest_silence_s", duration, lambda seen: seen.longest_silence_s),
    _Figure("slow answers", "slow_ratio", share, lambda seen: seen.slow_ratio),
    _Figure(
        "outages",
        "outages",
        lambda count: NOTHING if count is None else f"{count:g}",
        lambda seen: float(seen.outage_count),
    ),
    _Figure("blind", "blind_share", share, lambda seen: seen.blind_share),
)
_NOTABLE = 0.1
"""Smaller differences, as a share of the baseline, are shown without a colour."""
_SIDES = (
    Column("this run", "this", numeric=True),
    Column("baseline", "baseline", numeric=True),
    Column("difference", "difference", numeric=True),
)


def compare_runs(run: RunRecord, baseline: RunRecord) -> RunComparison:
    """`run` compared with `baseline`."""
    tables = (_verdicts(run, baseline), _figures(run, baseline), _steps(run, baseline))
    return RunComparison(baseline, tuple(_warnings(run, baseline)), tables)


def _warnings(run: RunRecord, baseline: RunRecord) -> Iterator[str]:
    if run.run_id == baseline.run_id:
        yield "The baseline is this run itself, so every difference is zero."
    if run.path != baseline.path:
        yield f"The baseline upgraded over another path: {' → '.join(baseline.path)}."
    if run.provider != baseline.provider:
        yield f"The baseline ran on another provider: {baseline.provider}."
    for name in sorted({*run.choices, *baseline.choices}):
        mine, theirs = run.choices.get(name, "not set"), baseline.choices.get(name, "not set")
        if mine != theirs:
            yield f"{name} differs: {theirs} in the baseline, {mine} in this run."
    if run.faults != baseline.faults:
        theirs = ", ".join(baseline.faults) or "none"
        yield f"Other faults were planted in the baseline: {theirs}."


def _verdicts(run: RunRecord, baseline: RunRecord) -> Table:
    mine = {result.name: result for result in run.scenarios}
    theirs = {result.name: result for result in baseline.scenarios}
    rows = []
    for name in dict.fromkeys((*mine, *theirs)):
        here = mine[name].verdict if name in mine else None
        there = theirs[name].verdict if name in theirs else None
        changed = "same" if here is there else "changed"
        rows.append(
            (
                text((mine.get(name) or theirs[name]).claim),
                _verdict(here),
                _verdict(there),
                text(changed, "muted" if here is there else "strong"),
            )
        )
    columns = (
        Column("claim", "claim"),
        Column("this run", "this"),
        Column("baseline", "baseline"),
        Column("change", "change"),
    )
    return Table("compare-verdicts", "Verdicts", columns, rows)


def _verdict(verdict: Verdict | None) -> Cell:
    tones = {Verdict.FAIL: "fail", Verdict.PASS: "pass"}
    return text(verdict or NOTHING, tones.get(verdict, "muted") if verdict else "muted")


def _figures(run: RunRecord, baseline: RunRecord) -> Table:
    mine = {seen.name: seen for seen in run.observers}
    theirs = {seen.name: seen for seen in baseline.observers}
    rows = [
        (text(name), text(figure.title), *_sides(figure, mine.get(name), theirs.get(name)))
        for name in dict.fromkeys((*mine, *theirs))
        for figure in _FIGURES
    ]
    columns = (Column("observer", "observer"), Column("figure", "figure"), *_SIDES)
    return Table("compare-figures", "Figures", columns, rows)


def _sides(
    figure: _Figure, here: ObserverResult | None, there: ObserverResult | None
) -> Iterator[Cell]:
    mine = None if here is None else figure.value(here)
    theirs = None if there is None else figure.value(there)
    censored = figure.name in ("p50_s", "p99_s")
    yield _side(figure, mine, censored and here is not None and here.censored)
    yield _side(figure, theirs, censored and there is not None and there.censored)
    yield _difference(mine, theirs, figure.shown)


def _side(figure: _Figure, value: float | None, censored: bool) -> Cell:
    return number(("≥ " if censored else "") + figure.shown(value), value)


def _difference(
    mine: float | None, theirs: float | None, shown: Callable[[float | None], str]
) -> Cell:
    """The difference in words, for those who do not see the colours."""
    if mine is None or theirs is None:
        return text("only in one run", "muted")
    change = mine - theirs
    if change == 0:
        return number("none", 0.0, "muted")
    word, tone = ("more", "worse") if change > 0 else ("less", "better")
    if theirs and abs(change / theirs) < _NOTABLE:
        tone = "muted"
    return number(f"{shown(abs(change))} {word}{_relative(mine, theirs)}", change, tone)


def _relative(mine: float, theirs: float) -> str:
    if theirs == 0:
        return ""
    if mine >= 2 * theirs:
        return f" (x{mine / theirs:.3g})"
    percent = f"{mine / theirs - 1:+.0%}"
    return "" if percent in ("+0%", "-0%") else f" ({percent})"


def _steps(run: RunRecord, baseline: RunRecord) -> Table:
    mine, theirs = _durations(run), _durations(baseline)
    rows = []
    for key in dict.fromkeys((*mine, *theirs)):
        here, there = mine.get(key), theirs.get(key)
        rows.append(
            (
                text(key[0]),
                number(duration(here), here),
                number(duration(there), there),
                _difference(here, there, duration),
            )
        )
    columns = (Column("step", "step"), *_SIDES)
    return Table("compare-steps", "How long the steps took", columns, rows)


def _durations(run: RunRecord) -> dict[tuple[str, int], float]:
    """By name and how often that came before, because hops repeat the names of steps."""
    counted: Counter[str] = Counter()
    lengths: dict[tuple[str, int], float] = {}
    steps = (span for span in run.spans if span.kind not in NO_STEPS)
    for span in sorted(steps, key=lambda span: span.start_s):
        lengths[span.name, counted[span.name]] = span.duration_s
        counted[span.name] += 1
    return lengths
