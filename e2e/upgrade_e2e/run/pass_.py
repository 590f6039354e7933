"""One pass: create, deploy, watch, upgrade, keep watching, collect, verify. Judging comes after."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.cluster.fact_reading import read_facts
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.cluster.room import Room, read_room
from upgrade_e2e.errors import (
    ClusterGone,
    ClusterNotMade,
    E2eError,
    FaultNotPlanted,
    Inconclusive,
    StepFailed,
)
from upgrade_e2e.observers import Observation, Observer, alter, require_room
from upgrade_e2e.observers.live_status import LiveStatus
from upgrade_e2e.run.pass_request import PassRequest
from upgrade_e2e.run.planting import perform_plant
from upgrade_e2e.run.undoing import leaving_no_trace, putting_back
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.timeline import INTERRUPTED, Samples, Span, Timeline
from upgrade_e2e.upgrade import Executor, Inventory, Marks, Step, planted_in
from upgrade_e2e.upgrade.faults import PLANT

__all__ = ["RunningPass"]

LOGS_TIMEOUT_S = 180.0
TROUBLE: tuple[type[Exception], ...] = (E2eError, *TRANSIENT_API_ERRORS)


@dataclass
class RunningPass:
    """Runs a pass once; `spans` and `evidence` grow as it goes.

    `facts` and `room`, where watched workloads may run, are read from the cluster once it is made.
    """

    what: PassRequest
    cluster: Cluster | None = None
    facts: ClusterFacts = field(default_factory=ClusterFacts)
    failed_step: StepFailed | None = None
    room: Room | None = None
    _observation: Observation | None = None

    def __post_init__(self) -> None:
        marks = Marks(self.what.origin, self.what.progress.say)
        self.executor = Executor(self._perform, self.what.progress, marks)

    @property
    def spans(self) -> list[Span]:
        """What has been done so far."""
        return self.executor.spans

    def run(self) -> Upgraded:
        """Make the cluster, watch it while it is upgraded, and hand back what was seen.

        Raises BadInput for what cannot work, ClusterNotMade when there is no cluster to watch and
        Inconclusive when the probers never became ready or a fault could not be planted. A failed
        upgrade step raises nothing: it is part of the evidence.
        """
        observers = alter(self.what.observers, planted_in(self.what.plan))
        with putting_back(self.what, lambda: self.cluster):
            return self._run(observers)

    def _run(self, observers: tuple[Observer, ...]) -> Upgraded:
        cluster = self._prepare()
        self.facts = self._read_facts(cluster)
        observation = Observation(
            cluster=cluster,
            observers=observers,
            images=self.what.settings.images,
            origin=self.what.origin,
            workdir=self.what.folder / "work",
            pace=self.what.provider.capabilities.pace,
            rest_s=self.what.settings.rest_s,
            facts=self.facts,
            room=self._find_room(cluster, observers),
            simulated=self.what.provider.capabilities.simulated,
            guards=self.what.settings.guards,
            backup_place=self.what.settings.backup_place,
        )
        self._observation = observation
        with contextlib.closing(observation), leaving_no_trace(self.what, observation):
            self._deploy(observation)
            with self.what.progress.watching(lambda: self._statuses(observation)):
                self._advance(self.what.plan.upgrade)
                self._watch_after()
            samples = self._collect(observation)
            # Reading back keeps cores busy for long, so it comes after watching has ended.
            inventory, inventory_error = self._read_back(cluster)
            timeline = self._timeline(observation, samples)
        return Upgraded(
            timeline=timeline,
            path=tuple(str(version) for version in self.what.plan.path.versions),
            limits=self.what.limits,
            capabilities=self.what.provider.capabilities,
            inventory=inventory,
            inventory_error=inventory_error,
            failed_step=self.failed_step,
            control_planes=len(cluster.control_planes),
            facts=self.facts,
            workers=len(cluster.upgraded_workers),
        )

    def collect_logs(self) -> None:
        """Copy the logs of all nodes into the run's `logs` folder; says so when that fails."""
        if self.cluster is None:
            return
        into = self.what.folder / "logs"
        step = Step("export-logs", LOGS_TIMEOUT_S, params={"into": str(into)})
        try:
            self.what.provider.perform(step, self.cluster)
        except E2eError as error:
            self.what.progress.say(f"the logs of the nodes could not be collected: {error}")

    def _perform(self, step: Step) -> None:
        if step.kind == "create":
            self.cluster = self.what.provider.create(self.what.plan, self.executor.marks)
            return
        if self.cluster is None:
            raise ClusterNotMade(f"step {step.name!r} came before the cluster was created.")
        if step.kind == PLANT:
            keepers = () if self._observation is None else self._observation.keepers.values()
            work = self.what.folder / "work"
            perform_plant(step, self.cluster, self.what.provider, tuple(keepers), work)
        else:
            self.what.provider.perform(step, self.cluster)

    def _prepare(self) -> Cluster:
        marks = self.executor.marks
        try:
            with self.what.progress.watching(lambda: dict(marks.status)):
                self.executor.run(self.what.plan.prepare)
        except StepFailed as failure:
            self.collect_logs()
            if isinstance(failure.__cause__, FaultNotPlanted):
                raise Inconclusive(f"nothing can be proved: {failure}") from failure
            raise ClusterNotMade(
                f"the cluster was not made ready to upgrade: {failure}"
            ) from failure
        if self.cluster is None:
            raise ClusterNotMade("the plan has no step that creates a cluster.")
        return self.cluster

    def _read_facts(self, cluster: Cluster) -> ClusterFacts:
        try:
            return read_facts(cluster)
        except TROUBLE as error:
            self.collect_logs()
            raise Inconclusive(f"what kind of cluster this is cannot be read: {error}") from error

    def _find_room(self, cluster: Cluster, observers: Sequence[Observer]) -> Room:
        """Where workloads may run; raises BadInput when a budget of ours would block a drain."""
        try:
            self.room = read_room(cluster)
        except TROUBLE as error:
            raise Inconclusive(f"the nodes of the cluster could not be read: {error}") from error
        require_room(observers, self.room, self.what.plan.drained)
        return self.room

    def _deploy(self, observation: Observation) -> None:
        with self._span("deploy"):
            try:
                observation.deploy()
            except TROUBLE as error:
                self.collect_logs()
                raise Inconclusive(f"the probers did not become ready: {error}") from error
        observation.start()
        with self._span("watch-before"), self.what.progress.watching(observation.statuses):
            time.sleep(self.what.settings.watch_before_s)

    def _advance(self, steps: Sequence[Step]) -> None:
        """Perform steps; one that fails is kept as the pass's failed step, with its logs.

        A fault that could not be planted is no failure of the upgrade.
        """
        try:
            self.executor.run(steps)
        except StepFailed as failure:
            if isinstance(failure.__cause__, FaultNotPlanted):
                self.collect_logs()
                raise Inconclusive(f"nothing can be proved: {failure}") from failure
            self.failed_step = failure
            self.what.progress.say(str(failure))
            self.collect_logs()
            if isinstance(failure.__cause__, ClusterGone):
                raise Inconclusive(f"nothing more can be seen: {failure}") from failure

    def _statuses(self, observation: Observation) -> Mapping[str, str | LiveStatus]:
        return {**self.executor.marks.status, **observation.statuses()}

    def _watch_after(self) -> None:
        with self._span("watch-after"):
            time.sleep(self.what.settings.watch_after_s)

    def _read_back(self, cluster: Cluster) -> tuple[Inventory | None, str]:
        if self.failed_step is None:
            self._advance(self.what.plan.verify)
        with self._span("inspect"):
            try:
                return self.what.provider.inspect(self.what.plan, cluster), ""
            except ClusterGone as gone:
                raise Inconclusive(f"nothing more can be seen: {gone}") from gone
            except TROUBLE as error:
                return None, f"{type(error).__name__}: {error}"

    def _collect(self, observation: Observation) -> dict[str, Samples]:
        with self._span("collect"):
            return dict(observation.finish())

    def _timeline(self, observation: Observation, samples: dict[str, Samples]) -> Timeline:
        spans = (*self.spans, *observation.spans())
        return Timeline(
            watched=observation.watched,
            spans=tuple(sorted(spans, key=lambda span: (span.start_s, -span.end_s))),
            samples=samples,
            readings=observation.readings(),
            backups=observation.backups(),
        )

    @contextlib.contextmanager
    def _span(self, name: str) -> Iterator[None]:
        self.what.progress.began(name)
        start_s, error = self.what.origin.now_s(), INTERRUPTED
        try:
            yield
            error = ""
        except E2eError as caught:
            error = str(caught)
            raise
        except Exception as defect:
            error = f"{type(defect).__name__}: {defect}"
            raise
        finally:
            span = Span(name, name, start_s, self.what.origin.now_s(), error=error)
            self.spans.append(span)
            self.what.progress.ended(span)
