"""A pass from its plan to its record: run, judged, reported, torn down."""

from __future__ import annotations

import contextlib
import shutil
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from upgrade_e2e.errors import BadInput, ClusterNotMade, E2eError
from upgrade_e2e.judge import Limits
from upgrade_e2e.observers import (
    SeesNewNodes,
    Wanted,
    alter,
    place_in_use,
    require_room,
    require_watched,
)
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.report import RunRecord
from upgrade_e2e.run.claims import Claims
from upgrade_e2e.run.closing import close_pass
from upgrade_e2e.run.finished_pass import FinishedPass
from upgrade_e2e.run.pass_ import RunningPass
from upgrade_e2e.run.pass_request import PassRequest
from upgrade_e2e.run.progress import Progress, Silence
from upgrade_e2e.run.providers import is_simulated, make_provider
from upgrade_e2e.run.recording import write_artifacts
from upgrade_e2e.run.reference import Reference
from upgrade_e2e.run.request import RunRequest
from upgrade_e2e.run.rulings import Claim, judge
from upgrade_e2e.run.saved import REJUDGED
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Plan, without_joining

__all__ = ["JudgedPass", "run_pass"]

STALE_FILES = ("run.json", "summary.md", "report.html", "trace.json")
STALE_FOLDERS = ("samples", "readings", "backups", "logs")


@dataclass
class JudgedPass:
    """One pass and what is claimed of it.

    The order: `claims.expect` each claim, which says what must be watched; `check`; `evidence`,
    which runs the pass; `claims.note` a ruling on each; `write` the record. `folder` takes all
    artifacts. `provider` is chosen by the settings unless one is given. `reference` is what the
    cost of the pass is compared with: the shipped stock costs unless others are given. `remark` is
    what `check` has found that a person must know before the pass begins.
    """

    plan: Plan
    settings: PassSettings
    limits: Limits
    folder: Path
    provider: Provider | None = None
    claims: Claims = field(default_factory=Claims)
    reference: Reference = field(default_factory=Reference)
    remark: str = field(default="", init=False)
    _ended: FinishedPass | None = None

    @classmethod
    def of(cls, request: RunRequest, plan: Plan) -> JudgedPass:
        """The pass over one of the request's plans."""
        return cls(
            plan,
            request.settings,
            request.limits,
            request.folder_of(plan),
            reference=request.reference,
        )

    @cached_property
    def made_by(self) -> Provider:
        """The provider of the cluster, made at the first use."""
        return self.provider or make_provider(self.settings, self.folder / "work")

    @property
    def ended(self) -> bool:
        """Whether the pass has been run, to whatever end."""
        return self._ended is not None

    @property
    def trouble(self) -> str:
        """Why the pass ended before anything could be judged; empty if it did not."""
        return "" if self._ended is None else self._ended.error

    def check(self) -> None:
        """All claims are expected; raises BadInput for what the pass cannot do for them.

        From then on the plan is that of this pass: no node joins where nothing sees pods on it.
        An S3 server that snapshots are to go to is asked whether it answers.
        """
        self.claims.label()
        observers = alter(self.claims.observers, self.settings.faults)
        require_room(observers, self.plan.room, self.plan.drained)
        require_watched(observers, self.settings.guards)
        place, simulated = self.settings.backup_place, is_simulated(self.settings.provider)
        used, self.remark = place_in_use(place, observers, simulated=simulated)
        if used:
            place.require_answer()
        if not any(isinstance(one, SeesNewNodes) for one in observers):
            self.plan = without_joining(self.plan)

    @contextlib.contextmanager
    def evidence(
        self, progress: Progress | None = None, origin: Origin | None = None
    ) -> Iterator[Upgraded]:
        """Run the pass and hand over what was seen; the cluster is gone when the context ends.

        `origin` is second zero, by default now. Raises as RunningPass.run. However the pass ends,
        the artifacts are written.
        """
        clear(self.folder)
        origin = origin or Origin()
        progress = progress or Silence()
        if self.remark:
            progress.say(self.remark)
        running = RunningPass(self._pass(origin, progress))
        upgraded: Upgraded | None = None
        try:
            upgraded = replace(running.run(), labels=self.claims.labels)
            yield upgraded
        finally:
            error = sys.exception()
            refused = isinstance(error, BadInput) and upgraded is None
            unmade = refused or running.cluster is None or isinstance(error, ClusterNotMade)
            why = "" if upgraded is not None else why_ended(error)
            self._ended = FinishedPass(
                running, upgraded, why, not unmade, origin.now_s(), refused, self.reference
            )
            try:
                close_pass(running, passed=not why and self.claims.hold)
            finally:  # also when somebody interrupts the deletion
                self.write()

    def write(self) -> RunRecord:
        """Write the artifacts with the rulings known so far, and return the record."""
        if self._ended is None:
            raise BadInput("the pass has not been run yet, so there is nothing to write.")
        return write_artifacts(self._ended, self.claims.results.values())

    def _pass(self, origin: Origin, progress: Progress) -> PassRequest:
        return PassRequest(
            plan=self.plan,
            provider=self.made_by,
            observers=self.claims.observers,
            settings=self.settings,
            limits=self.limits,
            folder=self.folder,
            progress=progress,
            origin=origin,
            run_id=uuid.uuid4().hex,
        )


def run_pass(
    judged: JudgedPass,
    claims: Sequence[Claim],
    progress: Progress | None = None,
    origin: Origin | None = None,
    skips: tuple[type[BaseException], ...] = (),
) -> RunRecord:
    """Run a pass, judge the claims, write everything into its folder, and return the record.

    Raises BadInput, before anything is created, for claims that the pass cannot serve. A pass that
    could not be run or watched has the verdict INCONCLUSIVE, with the reason in the record.
    `skips` are errors with which a check says that it does not apply to this pass.
    """
    for claim in claims:
        judged.claims.expect(claim.name, claim.sentence, [Wanted(one) for one in claim.observers])
    judged.check()
    with contextlib.suppress(E2eError), judged.evidence(progress, origin) as upgraded:
        for claim in claims:
            judged.claims.note(claim.name, judge(claim, upgraded, skips))
    return judged.write()


def clear(folder: Path) -> None:
    """Make the folder of a pass, without what an earlier pass left there."""
    (folder / "work").mkdir(parents=True, exist_ok=True)
    for name in STALE_FILES:
        (folder / name).unlink(missing_ok=True)
    for stale in (*(folder / name for name in STALE_FOLDERS), *folder.glob(f"{REJUDGED}-*")):
        shutil.rmtree(stale, ignore_errors=True)


def why_ended(error: BaseException | None) -> str:
    """Why a pass ended early, as a sentence."""
    if isinstance(error, KeyboardInterrupt):
        return f"interrupted by {error or 'Ctrl-C'}"
    return str(error) if isinstance(error, E2eError) else f"{type(error).__name__}: {error}"
