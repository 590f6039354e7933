"""What passes are compared with, read before the first of them begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upgrade_e2e.gate.choices import choices_that_measure
from upgrade_e2e.gate.from_history import drawn_limits
from upgrade_e2e.gate.history import History
from upgrade_e2e.gate.run import Run
from upgrade_e2e.gate.stock import StockProfile, load_stock, shipped_stock, weigh
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.report import Cost, RunRecord
from upgrade_e2e.run.machines import machine_class
from upgrade_e2e.run.settings import PassSettings, watching_choices
from upgrade_e2e.upgrade import Plan

__all__ = ["Reference", "earlier_runs", "limits_from_history"]


@dataclass(frozen=True)
class Reference:
    """Stock costs, and the runs of a history; None where no history was named."""

    stock: StockProfile = field(default_factory=shipped_stock)
    history: tuple[Run, ...] | None = None

    @classmethod
    def load(cls, stock: Path | None, history: Path | None, plans: Sequence[Plan]) -> Reference:
        """Those in these files, as far as they are about the paths of the plans.

        Raises BadInput and as `History.reading`.
        """
        return cls(load_stock(stock), None if history is None else earlier_runs(history, plans))

    def weigh(self, record: RunRecord) -> Cost | None:
        """The cost of a pass next to these."""
        return weigh(record, self.stock, self.history)


def earlier_runs(file: Path, plans: Sequence[Plan]) -> tuple[Run, ...]:
    """The runs of a history over the paths of the plans; none where the file is yet to be made."""
    if not file.exists():
        return ()
    with History.reading(file) as opened:
        return tuple(
            run
            for plan in plans
            for run in opened.runs(path=_versions(plan), provider=plan.provider)
        )


def limits_from_history(
    plan: Plan, settings: PassSettings, history: Sequence[Run], file: Path
) -> Limits:
    """The limits that earlier passes give for the pass of this plan; raises BadInput."""
    return drawn_limits(_planned(plan, settings), history, file)


def _planned(plan: Plan, settings: PassSettings) -> Run:
    """The run that the plan will be, as far as that is known beforehand."""
    nodes = f"{settings.control_planes} control plane(s), {settings.workers} worker(s)"
    return Run(
        run_id="",
        path=_versions(plan),
        provider=plan.provider,
        simulated=plan.provider == "sim",
        verdict=Verdict.INCONCLUSIVE,
        reason="",
        started_unix_s=0.0,
        nodes="" if settings.nodes_assumed else nodes,
        choices=choices_that_measure({**plan.choices, **watching_choices(settings)}),
        machine=machine_class(),
    )


def _versions(plan: Plan) -> tuple[str, ...]:
    return tuple(str(version) for version in plan.path.versions)
