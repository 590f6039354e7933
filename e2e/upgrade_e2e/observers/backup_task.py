"""What runs for an observer of backups: writes and snapshots meanwhile, restores at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from upgrade_e2e.backups import EtcdPrograms, JudgedSnapshot, Location, judge_taken
from upgrade_e2e.backups.reading_back import read_back_snapshot
from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.errors import E2eError
from upgrade_e2e.format import duration
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.canary_writes import CanaryWriter
from upgrade_e2e.observers.snapshot_schedule import SnapshotSchedule
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import (
    RESTORE,
    SNAPSHOT,
    BackupLog,
    Outcome,
    ReadBack,
    SamplesBuilder,
    Span,
    Stream,
    TakenSnapshot,
    Window,
)

__all__ = ["BackupTask"]

READ_BACK_S = 600.0
"""Reading back ends then, however many snapshots are left; each takes about a second."""
_JOIN_S = 90.0
_TROUBLE: tuple[type[Exception], ...] = (E2eError, *TRANSIENT_API_ERRORS)


@dataclass
class _Restores:
    """What the threads leave, and what was read back once they had ended."""

    ended: threading.Event = field(default_factory=threading.Event)
    threads: BackgroundThreads | None = None
    cleaned: bool = False
    read: dict[str, ReadBack] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    trouble: str = ""


@dataclass(frozen=True)
class BackupTask:
    """Threads that write and take snapshots; `programs` gives those of etcd, asked for at the end.

    Unless it `keeps_all`, snapshots that turned out to be whole are deleted once they were read.
    """

    context: DeployContext
    writer: CanaryWriter
    schedule: SnapshotSchedule
    cluster: str
    programs: Callable[[], EtcdPrograms] = field(compare=False)
    keeps_all: bool = False
    _state: _Restores = field(default_factory=_Restores, compare=False, repr=False)

    @property
    def location(self) -> Location:
        """Where the snapshots are."""
        return self.schedule.location

    @property
    def schedule_s(self) -> float:
        """See KeepsBackups."""
        return self.schedule.every_s

    def start(self) -> None:
        """See BackgroundTask."""
        name, ended = self.writer.name, self._state.ended
        self._state.threads = BackgroundThreads(
            {
                f"{name}-writes": lambda: self.writer.run(ended),
                f"{name}-snapshots": lambda: self._take_after_a_write(ended),
            }
        )
        self._state.threads.start()

    def missing(self) -> str:
        """See BackgroundTask: one write and one snapshot must be there."""
        if not any(write.acknowledged_s is not None for write in self.writer.writes):
            return "no canary write was acknowledged yet"
        taken = self.schedule.taken
        if not any(not one.error for one in taken):
            return f"no snapshot was stored yet{f' ({taken[-1].error})' if taken else ''}"
        return ""

    def status_line(self) -> str:
        """See BackgroundTask."""
        taken = self.schedule.taken
        if not taken:
            return ""
        stored = sum(not one.error for one in taken)
        last = f"; the last one failed: {taken[-1].error}" if taken[-1].error else ""
        return f"{stored} snapshots, {len(self.writer.writes)} writes{last}"

    def stop(self) -> None:
        """See BackgroundTask; what was put onto the nodes is deleted."""
        self._state.ended.set()
        if self._state.threads is not None:
            self._state.threads.join(_JOIN_S)
        if not self._state.cleaned:
            self._state.cleaned = True
            self.schedule.clean()

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask: each snapshot is fetched and restored now, when no probe runs."""
        self._read_back()
        judged = {one.taken.name: one for one in self._judged()}
        self._tidy(judged.values())
        nodes = sorted({one.node for one in self.schedule.taken if not one.error})
        streams = {node: into.add_stream(self._stream(node)) for node in nodes}
        for taken in self.schedule.taken:
            one = judged.get(taken.name)
            if one is None or not window.start_s <= taken.start_s <= window.end_s:
                continue
            into.add(
                streams[taken.node],
                intended_us=round(taken.start_s * 1e6),
                latency_us=round((taken.end_s - taken.start_s) * 1e6),
                outcome=Outcome.OK if one.is_whole else Outcome.BAD_ANSWER,
                backend="" if one.is_whole else f"{taken.name}, {one.verdict}",
            )

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask: `snapshot NAME` and `restore NAME`."""
        return (*map(self._span, self.schedule.taken), *self._state.spans)

    def broken(self) -> str:
        """See BackgroundTask."""
        threads = self._state.threads
        return threads.broken if threads is not None else ""

    def backups(self) -> BackupLog:
        """See KeepsBackups."""
        return BackupLog(
            location=self.location.shown,
            cluster=self.cluster,
            writes=self.writer.writes,
            snapshots=tuple(
                replace(one, read=self._state.read.get(one.name)) for one in self.schedule.taken
            ),
            trouble=self._state.trouble,
        )

    def _take_after_a_write(self, ended: threading.Event) -> None:
        """A snapshot before the first write would prove nothing."""
        while not any(write.acknowledged_s is not None for write in self.writer.writes):
            if ended.wait(1 / self.writer.rate_hz):
                return
        self.schedule.run(ended)

    def _read_back(self) -> None:
        state, now_s = self._state, self.context.origin.now_s
        stored = [one for one in self.schedule.taken if not one.error]
        deadline_s = now_s() + READ_BACK_S
        try:
            programs = self.programs()
            for taken in stored:
                if now_s() > deadline_s:
                    state.trouble = f"reading back took more than {duration(READ_BACK_S)}"
                    return
                start_s = now_s()
                read = read_back_snapshot(
                    self.location, taken.name, programs, self.schedule.scratch, self.writer.keys
                )
                state.read[taken.name] = read
                name = f"{RESTORE} {taken.name}"
                state.spans.append(Span(name, RESTORE, start_s, now_s(), error=read.trouble))
        except _TROUBLE as error:
            state.trouble = f"{type(error).__name__}: {error}"

    def _judged(self) -> Iterator[JudgedSnapshot]:
        log = self.backups()
        for taken in log.snapshots:
            if taken.read is not None:
                yield judge_taken(taken, taken.read, log)

    def _tidy(self, judged: Iterable[JudgedSnapshot]) -> None:
        if self.keeps_all:
            return
        for one in judged:
            if one.is_whole:
                self.location.remove(one.taken.name)

    def _stream(self, node: str) -> Stream:
        return Stream(
            name=f"{SNAPSHOT}@{node}",
            node=node,
            target=f"snapshots in {self.location.shown}",
            interval_s=0.0,
            timeout_s=self.schedule.timeout_s,
        )

    def _span(self, taken: TakenSnapshot) -> Span:
        """Its node is named as in the steps, which stand next to it in pictures."""
        short = taken.node.removeprefix(f"{self.context.cluster.name}-")
        name = f"{SNAPSHOT} {taken.name}"
        return Span(name, SNAPSHOT, taken.start_s, taken.end_s, short, error=taken.error)
