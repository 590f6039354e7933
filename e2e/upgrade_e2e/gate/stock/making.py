"""Stock costs out of finished passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate.differing import differences, is_unknown
from upgrade_e2e.gate.reading import same_pass
from upgrade_e2e.gate.run import Run, run_of
from upgrade_e2e.gate.stock.metrics import compared_figures
from upgrade_e2e.gate.stock.profile import StockCost
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import RunRecord, Spread

__all__ = ["fault_in_stock", "same_kind_problem", "stock_cost"]

Placed = tuple[Path, RunRecord]
"""A record, and the folder that it was read from."""


def stock_cost(placed: Sequence[Placed]) -> StockCost:
    """What these passes cost, all of which are of one kind.

    Raises BadInput, with the folder, for a pass that is no stock pass, and for passes that differ
    in what they measured or where. At least one is needed.
    """
    for place, record in placed:
        if problem := fault_in_stock(record):
            raise BadInput(f"{place} cannot be part of a stock cost: {problem}")
    first_place, first = placed[0]
    for number, (place, record) in enumerate(placed):
        for other_place, other in placed[:number]:
            if same_pass(run_of(record), run_of(other)):
                raise BadInput(f"{place} and {other_place} are the same pass; give it once.")
        if problem := same_kind_problem(first, record):
            raise BadInput(
                f"{first_place} and {place} are not of one kind: they differ in {problem}; a stock "
                "cost is made of passes of one kind."
            )
    return _cost([record for _, record in placed])


def fault_in_stock(record: RunRecord) -> str:
    """Why this is no stock pass, as a sentence; empty where it is one."""
    return next(_faults(record), "")


def _faults(record: RunRecord) -> Iterator[str]:
    run, again = run_of(record), "remove its folder and make it again."
    if record.faults:
        yield f"the fault {record.faults[0]} was planted; make a pass without it."
    if record.verdict is Verdict.INCONCLUSIVE:
        yield f"it is INCONCLUSIVE ({run.reason}); {again}"
    if record.failed_step is not None:
        yield f"its step {record.failed_step.step!r} failed; {again}"
    if not record.machine:
        yield "its record does not say on what machine it ran; make it again with this version."
    if is_unknown(run):
        yield "nothing is known of the cluster that it upgraded; let the pass make one."
    if not run.simulated and set(run.images) != set(run.path):
        yield "it is not known which images its nodes had; let the pass make the cluster."


def same_kind_problem(one: RunRecord, other: RunRecord) -> str:
    """In what two passes differ that must be alike for one stock cost; empty for passes alike."""
    first, second = run_of(one), run_of(other)
    found = next(iter(differences(first, second)), None)
    if found is not None:
        return f"{found.what}: {found.one} and {found.other}"
    pairs = {
        "machine": (first.machine, second.machine),
        "images of their nodes": (first.images, second.images),
        "version of upgrade-e2e": (first.tool, second.tool),
        "observers": (one.observers_as_written, other.observers_as_written),
    }
    return next((what for what, (mine, theirs) in pairs.items() if mine != theirs), "")


def _cost(records: Sequence[RunRecord]) -> StockCost:
    runs = [run_of(record) for record in records]
    like = max(runs, key=lambda run: (bool(run.nodes), run.facts is not None))
    return StockCost(
        path=like.path,
        provider=like.provider,
        simulated=like.simulated,
        nodes=like.nodes,
        machine=like.machine,
        tool=like.tool,
        passes=len(runs),
        broken=sum(run.verdict is Verdict.FAIL for run in runs),
        facts=like.facts,
        choices=like.choices,
        images=like.images,
        observers=records[0].observers_as_written,
        figures=_figures(runs),
    )


def _figures(runs: Sequence[Run]) -> dict[str, dict[str, Spread]]:
    """The spread of each figure that all of the runs have."""
    made: dict[str, dict[str, Spread]] = {}
    for metric, first in compared_figures(runs[0]):
        found = [run.figure(first.observer, metric.name) for run in runs]
        values = [figure.value for figure in found if figure is not None]
        if len(values) == len(runs):
            made.setdefault(first.observer, {})[metric.name] = Spread.of(values)
    return made
