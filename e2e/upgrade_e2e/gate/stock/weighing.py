"""One pass next to stock passes and to earlier passes of its kind. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate.differing import Difference, differences
from upgrade_e2e.gate.kin import fit_runs, same_ground
from upgrade_e2e.gate.run import Figure, Run, run_of
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.gate.stock.metrics import CostMetric, compared_figures
from upgrade_e2e.gate.stock.profile import StockCost, StockProfile, hop_of, wording
from upgrade_e2e.report import Cost, CostRow, RunRecord, Spread

__all__ = ["FEWEST_EARLIER", "weigh", "weigh_again"]

FEWEST_EARLIER = GateSettings().min_runs
"""So many earlier passes a mark needs that goes by them, as an approval of the gate does."""
STOCK, HISTORY = "stock", "your history"
_MEASURE = "`upgrade-e2e calibrate` measures that of this machine."
_MAKE = "`upgrade-e2e calibrate` makes some on this machine."


@dataclass(frozen=True)
class _Basis:
    """Spreads by observer and metric, what is said of them, and whether marks may go by them."""

    said: str
    spreads: dict[tuple[str, str], Spread]
    binding: bool = False
    title: str = STOCK


def weigh(
    record: RunRecord, profile: StockProfile, history: Sequence[Run] | None = None
) -> Cost | None:
    """The cost of a pass; None for one that did not come to its end, so that nothing compares.

    `history` are earlier runs, of which those of the same kind count; None where none was named.
    """
    if record.failed_step is not None or not record.observers:
        return None
    run = run_of(record)
    stock = _stock(run, record, profile)
    earlier = _Basis("", {}) if history is None else _earlier(run, history)
    marked_by = STOCK if stock.binding else HISTORY if earlier.binding else ""
    return Cost(
        rows=tuple(_rows(run, stock, earlier, marked_by)),
        stock=stock.said,
        history=earlier.said,
        stock_title=stock.title,
        marked_by=marked_by,
    )


def weigh_again(record: RunRecord, before: Cost | None) -> Cost | None:
    """The cost of a pass whose samples were judged again, next to what it was compared with."""
    if before is None:
        return None
    old = {(row.observer, row.metric): row for row in before.rows}
    stock = {key: row.stock for key, row in old.items() if row.stock is not None}
    history = {key: row.history for key, row in old.items() if row.history is not None}
    rows = _rows(run_of(record), _Basis("", stock), _Basis("", history), before.marked_by)
    return replace(before, rows=tuple(rows))


def _rows(run: Run, stock: _Basis, earlier: _Basis, marked_by: str) -> Iterator[CostRow]:
    for metric, figure in compared_figures(run):
        key = (figure.observer, figure.metric)
        row = CostRow(
            observer=figure.observer,
            metric=figure.metric,
            title=metric.title,
            value=figure.value,
            censored=figure.censored,
            stock=stock.spreads.get(key),
            history=earlier.spreads.get(key),
        )
        usual = {STOCK: row.stock, HISTORY: row.history}.get(marked_by)
        yield row if usual is None else _marked(row, metric, usual)


def _marked(row: CostRow, metric: CostMetric, usual: Spread) -> CostRow:
    return replace(row, mark=usual.mark(row.value, metric.margin.at(usual.largest)))


def _stock(run: Run, record: RunRecord, profile: StockProfile) -> _Basis:
    of_hop = [cost for cost in profile.costs if _hop(cost.path) == _hop(run.path)]
    alike = [cost for cost in of_hop if not differences(cost.over(run.path), run)]
    if not alike:
        return _Basis(f"{_nothing_alike(run, of_hop)} {_MAKE}", {})
    best = max(alike, key=lambda cost: (same_ground(cost.like, run), cost.machine == run.machine))
    spreads = dict(_spreads(best, record))
    if same_ground(best.like, run):
        images = "" if best.simulated else ", with the same node images"
        said = f"Compared with {wording(best)}{images}."
        return _Basis(said, spreads, binding=True)
    other = "another machine" if best.machine != run.machine else "other node images"
    said = (
        f"The stock cost is that of {other} ({wording(best)}), so nothing is called worse or "
        f"better by it. {_MEASURE}"
    )
    return _Basis(said, spreads, title=f"{STOCK} ({other})")


def _nothing_alike(run: Run, of_hop: Sequence[StockCost]) -> str:
    """That no stock pass is like this one, and in what the nearest of the same hop differ."""
    if not of_hop:
        return f"There are no stock passes of {_hop(run.path)} to compare this pass with."
    found: list[list[Difference]] = [differences(cost.over(run.path), run) for cost in of_hop]
    first = min(found, key=len)[0]
    return (
        f"There are no stock passes like this one to compare it with: the nearest differ in "
        f"{first.what} ({first.one} there, {first.other} here)."
    )


def _spreads(cost: StockCost, record: RunRecord) -> Iterator[tuple[tuple[str, str], Spread]]:
    """Those of observers that were written as those of the pass; of no others."""
    for observer, figures in cost.figures.items():
        if cost.observers.get(observer) == record.observers_as_written.get(observer):
            yield from (((observer, name), spread) for name, spread in figures.items())


def _earlier(run: Run, history: Sequence[Run]) -> _Basis:
    kin = fit_runs(run, history)
    if not kin.runs:
        return _Basis(f"Your history has no earlier pass of this kind{kin.why}.", {})
    on_same = [other for other in kin.runs if same_ground(other, run)]
    binding = len(on_same) == len(kin.runs) and len(on_same) >= FEWEST_EARLIER
    plural = "" if len(kin.runs) == 1 else "es"
    said = f"Your history has {len(kin.runs)} earlier pass{plural} of this kind{kin.why}."
    spreads = {}
    for _, figure in compared_figures(run):
        values = [found.value for other in kin.runs if (found := _same(figure, other)) is not None]
        if values:
            spreads[figure.observer, figure.metric] = Spread.of(values)
    return _Basis(said, spreads, binding)


def _same(figure: Figure, other: Run) -> Figure | None:
    return other.figure(figure.observer, figure.metric)


def _hop(path: Sequence[str]) -> str:
    try:
        return hop_of(path)
    except BadInput:  # a record of a foreign version: it has the hop that it is written with
        return " -> ".join(path)
