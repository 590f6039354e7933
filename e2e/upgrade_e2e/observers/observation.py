"""One observation: all observers of a pass, from deploying what they need to their samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.cluster.room import Room
from upgrade_e2e.errors import DeadlinePassed, E2eError
from upgrade_e2e.observers.backup_place import BackupPlace
from upgrade_e2e.observers.base import (
    BackgroundTask,
    DeployContext,
    Images,
    KeepsBackups,
    Observer,
    Parts,
    Probe,
    label_or_kind,
)
from upgrade_e2e.observers.clock import ClockOffset
from upgrade_e2e.observers.fleet import Fleet
from upgrade_e2e.observers.guard_pairs import GuardPair
from upgrade_e2e.observers.live_status import LiveStatus
from upgrade_e2e.observers.namespace import make_namespace, remove_namespace
from upgrade_e2e.observers.naming import distinct
from upgrade_e2e.observers.objects import agent_config
from upgrade_e2e.observers.readiness import hopeless_pod, not_ready
from upgrade_e2e.observers.readings import TakesReadings, to_readings
from upgrade_e2e.observers.spool import Segment, to_samples
from upgrade_e2e.timeline import (
    BackupLog,
    Origin,
    Readings,
    Samples,
    SamplesBuilder,
    Span,
    Window,
)
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["Observation"]

DEPLOY_S = 240.0
_LOOK_EVERY_S = 1.0
_LOOK_AT_MOST_EVERY_S = 0.25


class Observation:
    """Deploys observers, watches, collects. The order: deploy, start, finish, close."""

    def __init__(  # noqa: PLR0917 - one name for each thing that a pass has
        self,
        cluster: Cluster,
        observers: Sequence[Observer],
        images: Images,
        origin: Origin,
        workdir: Path,
        pace: float = 1.0,
        rest_s: float = 0.0,
        facts: ClusterFacts | None = None,
        room: Room | None = None,
        simulated: bool = False,
        guards: tuple[GuardPair, ...] = (),
        backup_place: BackupPlace | None = None,
    ) -> None:
        self._site = DeployContext(
            cluster,
            images,
            workdir,
            origin,
            pace=pace,
            rest_s=rest_s,
            facts=facts or ClusterFacts(),
            room=room or Room(),
            simulated=simulated,
            guards=guards,
            backup_place=backup_place or BackupPlace(),
        )
        self._observers = distinct(observers)
        self._parts: dict[str, Parts] = {}
        self._fleet = Fleet(self._site)
        self._start_s = origin.now_s()
        self._end_s: float | None = None
        self._readings: dict[str, Readings] = {}

    @property
    def clocks(self) -> Mapping[tuple[str, str], ClockOffset]:
        """The clock offsets by node and boot id, measured when watching began and ended."""
        return dict(self._fleet.clocks)

    @property
    def watched(self) -> Window:
        """The window that claims are made about; until `finish` it ends now."""
        end_s = self._site.origin.now_s() if self._end_s is None else self._end_s
        return Window(self._start_s, end_s)

    def deploy(self) -> None:
        """Apply everything and wait until every stream of every prober works.

        Raises E2eError saying what is missing; Hopeless when a pod can never start.
        """
        self._site.workdir.mkdir(parents=True, exist_ok=True)
        make_namespace(self._site)
        self._site.apply(agent_config(self._site))
        for observer in self._observers:
            if (parts := observer.deploy(self._site)) != Parts():
                self._parts[label_or_kind(observer)] = parts
        deployed = self._parts.items()
        self._fleet.deploy(
            _given({name: part.node_probes for name, part in deployed}),
            _given({name: part.host_probes for name, part in deployed}),
            _given({name: part.own_node_probes for name, part in deployed}),
            _given({name: part.control_plane_probes for name, part in deployed}),
        )
        for task in self._tasks():
            task.start()
        self._wait_until_ready()
        self._fleet.settle()

    def start(self) -> float:
        """The window of claims opens now; returns its start in seconds since the origin."""
        self._start_s = self._site.origin.now_s()
        return self._start_s

    def statuses(self) -> Mapping[str, LiveStatus]:
        """What each observer sees right now; never waits, never raises."""
        fleet = self._fleet.statuses()
        seen = {}
        for name, part in self._parts.items():
            aside = filter(None, (task.status_line() for task in part.background_tasks))
            seen[name] = replace(fleet.get(name, LiveStatus()), aside=", ".join(aside))
        return seen

    def finish(self) -> Mapping[str, Samples]:
        """The window closes now: stop all probers and return what they saw, by observer.

        Every observer that had something to watch is in the answer; one of which nothing could be
        collected has no samples.
        """
        self._end_s = self._site.origin.now_s()
        for task in self._tasks():
            task.stop()
        segments, broken = self._fleet.collect(), self._broken()
        samples = {}
        for name, part in self._parts.items():
            builder = SamplesBuilder()
            for task in part.background_tasks:
                task.samples(builder, self.watched)
            seen = to_samples(name, segments, self.clocks, window=self.watched, builder=builder)
            self._readings[name] = self._read(name, part, segments)
            why = _joined(broken[task] for task in part.background_tasks)
            samples[name] = replace(seen, broken=why)
        return samples

    def readings(self) -> Mapping[str, Readings]:
        """What was read, of each observer that reads numbers; nothing before `finish`."""
        return {name: some for name, some in self._readings.items() if some.series}

    def spans(self) -> tuple[Span, ...]:
        """What the observers themselves did to the cluster, such as rollouts."""
        return tuple(span for task in self._tasks() for span in task.spans())

    @property
    def keepers(self) -> Mapping[str, KeepsBackups]:
        """The tasks that keep backups, by observer."""
        return {
            name: task
            for name, part in self._parts.items()
            for task in part.background_tasks
            if isinstance(task, KeepsBackups)
        }

    def backups(self) -> Mapping[str, BackupLog]:
        """What observers of backups did, by observer; whole after `finish`."""
        return {name: keeper.backups() for name, keeper in self.keepers.items()}

    def close(self) -> None:
        """End the threads and processes on this machine. May be called more than once."""
        for task in self._tasks():
            task.stop()
        self._fleet.close()

    def remove(self) -> None:
        """Delete what was deployed, for a cluster that stays; does not wait for the end of it."""
        remove_namespace(self._site)

    def _tasks(self) -> list[BackgroundTask]:
        parts = self._parts.values()
        return [*dict.fromkeys(task for part in parts for task in part.background_tasks)]

    def _read(self, name: str, part: Parts, segments: Sequence[Segment]) -> Readings:
        scraped = to_readings(name, segments, self.clocks, self.watched)
        more = (
            task.readings(self.watched)
            for task in part.background_tasks
            if isinstance(task, TakesReadings)
        )
        return Readings((*scraped.series, *(series for one in more for series in one.series)))

    def _wait_until_ready(self) -> None:
        try:
            wait_for(
                "every stream of every prober to work",
                self._missing,
                lambda missing: not missing,
                Deadline(DEPLOY_S, every_s=self._look_every_s, in_a_row=2),
                hopeless=lambda _: (
                    _joined(self._broken().values())
                    or hopeless_pod(self._site)
                    or self._fleet.refused()
                    or None
                ),
                transient=(*TRANSIENT_API_ERRORS, ValueError),
            )
        except DeadlinePassed as error:
            raise E2eError(
                f"{error} Look at `kubectl -n {self._site.namespace} get pods -o wide` and at the "
                "logs of the pods that are not ready."
            ) from error

    def _broken(self) -> dict[BackgroundTask, str]:
        return {task: task.broken() for task in self._tasks()}

    @property
    def _look_every_s(self) -> float:
        return max(_LOOK_AT_MOST_EVERY_S, _LOOK_EVERY_S / self._site.pace)

    def _missing(self) -> tuple[str, ...]:
        missing = not_ready(self._site) or self._fleet.complaints()
        waiting = [task.missing() for task in self._tasks()]
        return (*missing, *filter(None, waiting))


def _joined(reasons: Iterable[str]) -> str:
    return "; ".join(filter(None, reasons))


def _given(probes: Mapping[str, tuple[Probe, ...]]) -> dict[str, tuple[Probe, ...]]:
    return {name: some for name, some in probes.items() if some}
