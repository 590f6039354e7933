"""What claims about backups are made of: each snapshot judged, and how well they covered a pass."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from upgrade_e2e.backups import JudgedSnapshot, judge_taken
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration, moment
from upgrade_e2e.judge.limit_groups import Instrument
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.timeline import BackupLog, ReadBack, Span, TakenSnapshot, Timeline

__all__ = ["BackupsSeen", "claimable_backups", "view_of_backups"]

_REPLACES_ETCD = frozenset({"kubeadm-apply", "kubeadm-node", "swap-kubelet"})
"""The kinds of steps in which the etcd of a control plane is replaced or starts again."""
_WRITTEN_BYTES = 8 * 2**20
"""What a cluster may write between two snapshots of a pass, three times what a nightly pass on two
cores was measured to write in 30 s (docs/figures.md). A young etcd doubles its size with less."""


@dataclass(frozen=True, eq=False, repr=False)
class BackupsSeen:
    """The backups of one observer, next to the timeline that they were taken in.

    `alone` says that there is one control plane: while its etcd is replaced, no snapshot can be
    taken, and one that fails then is no failure.
    """

    title: str
    log: BackupLog
    timeline: Timeline
    alone: bool

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.log.snapshots)} snapshots>"

    @cached_property
    def judged(self) -> tuple[JudgedSnapshot, ...]:
        """Every snapshot that was stored and read back, in the order of time."""
        return tuple(
            judge_taken(one, one.read, self.log) for one in self._stored if one.read is not None
        )

    @property
    def damaged(self) -> tuple[JudgedSnapshot, ...]:
        """Those from which the cluster, as it was then, cannot be restored."""
        return tuple(one for one in self.judged if not one.is_whole)

    @cached_property
    def failed(self) -> tuple[TakenSnapshot, ...]:
        """Snapshots that could not be taken or stored, though etcd was not being replaced."""
        failed = (one for one in self.log.snapshots if one.error)
        return tuple(one for one in failed if not self._is_excused(one))

    @property
    def is_on_both_sides(self) -> bool:
        """Whether one was whole before the first step of the upgrade, and one after the last.

        True where the pass had no such steps.
        """
        steps = [span for span in self.timeline.spans if span.hop and not span.parent]
        if not steps:
            return True
        first_s, last_s = min(s.start_s for s in steps), max(s.end_s for s in steps)
        return any(one.taken.end_s <= first_s for one in self._whole) and any(
            one.taken.start_s >= last_s for one in self._whole
        )

    @property
    def oldest_s(self) -> float:
        """How old the newest whole snapshot was at worst, in the window that claims are about."""
        window = self.timeline.watched
        newest_s, oldest_s = window.start_s, 0.0
        for one in self._whole:
            if one.taken.end_s <= window.end_s:
                oldest_s = max(oldest_s, one.taken.end_s - newest_s)
                newest_s = one.taken.start_s
        return max(oldest_s, window.end_s - newest_s)

    @property
    def size_factor(self) -> float:
        """How many times larger or smaller a whole snapshot was than the one before, at most.

        A change of less than 8 MiB does not count: that is what is written meanwhile.
        """
        sizes = [one.taken.size for one in self._whole]
        pairs = (sorted(pair) for pair in itertools.pairwise(sizes))
        jumps = (large / small for small, large in pairs if large - small >= _WRITTEN_BYTES)
        return max(jumps, default=1.0)

    @property
    def restore_s(self) -> float | None:
        """How long the slowest restore took, from fetching to the first answer; None for none."""
        times = [read.restore_s for read in self._reads if read.restore_s is not None]
        return max(times, default=None)

    def explain(self) -> str:
        """How many there were, then each that is not whole or failed, with the step of it."""
        return "\n".join(self._sentences())

    @property
    def _stored(self) -> tuple[TakenSnapshot, ...]:
        return tuple(one for one in self.log.snapshots if not one.error)

    @property
    def _whole(self) -> tuple[JudgedSnapshot, ...]:
        return tuple(one for one in self.judged if one.is_whole)

    @property
    def _reads(self) -> Iterator[ReadBack]:
        return (one.read for one in self._stored if one.read is not None)

    @cached_property
    def _steps(self) -> Steps:
        return Steps(self.timeline.spans)

    def _is_excused(self, one: TakenSnapshot) -> bool:
        return self.alone and any(
            span.kind in _REPLACES_ETCD and _overlap(span, one) for span in self.timeline.spans
        )

    def _sentences(self) -> Iterator[str]:
        acknowledged = sum(write.acknowledged_s is not None for write in self.log.writes)
        yield (
            f"{self.title}: {len(self._whole)} of {len(self._stored)} snapshots are whole; "
            f"{acknowledged} writes were acknowledged; snapshots are in {self.log.location}"
        )
        if self.restore_s is not None:
            times = f"sizes changed by {self.size_factor:.2f} times at most"
            jumped = times if self.size_factor > 1 else "no size jumped"
            yield (
                f"the newest whole snapshot was at most {duration(self.oldest_s)} old, restoring "
                f"took at most {duration(self.restore_s)}, and {jumped}"
            )
        for bad in self.damaged:
            yield f"{self._place(bad.taken)} is {bad.verdict}: {bad.sentence}"
        for failed in self.failed:
            yield f"{self._place(failed)} failed: {failed.error}"
        excused = sum(bool(one.error) for one in self.log.snapshots) - len(self.failed)
        if excused:
            yield f"{excused} more could not be taken while the only etcd was being replaced"
        if not self.is_on_both_sides:
            yield "there is no whole snapshot from before the upgrade, or none from after it"

    def _place(self, taken: TakenSnapshot) -> str:
        cause = self._steps.during(taken.start_s, taken.end_s)
        return f"{taken.name}, from {taken.node} at {moment(taken.start_s)}, {cause},"


def view_of_backups(timeline: Timeline, observer: str, *, alone: bool) -> BackupsSeen:
    """The backups of an observer, however few; raises Inconclusive where the pass has none."""
    if observer not in timeline.backups:
        raise Inconclusive(
            f"{observer} took no snapshot: there was no way onto the cluster's control planes."
        )
    return BackupsSeen(observer, timeline.backups[observer], timeline, alone)


def claimable_backups(seen: BackupsSeen, instrument: Instrument) -> BackupsSeen:
    """Backups that claims can be made about.

    Raises Inconclusive where some were not read back, none was stored, or too few writes were
    acknowledged for a lost one to show.
    """
    stored = [one for one in seen.log.snapshots if not one.error]
    unread = [one.name for one in stored if one.read is None]
    if unread:
        raise Inconclusive(
            f"{seen.title}: {len(unread)} of {len(stored)} snapshots were not read back: "
            f"{seen.log.trouble or 'the pass ended before'}"
        )
    if not stored:
        why = next((one.error for one in seen.log.snapshots), "none was tried")
        raise Inconclusive(f"{seen.title}: no snapshot was stored: {why}")
    count = sum(write.acknowledged_s is not None for write in seen.log.writes)
    if count < instrument.min_samples:
        raise Inconclusive(
            f"{seen.title}: only {count} writes were acknowledged (at least "
            f"{instrument.min_samples}, instrument.min_samples); watch for longer."
        )
    return seen


def _overlap(span: Span, one: TakenSnapshot) -> bool:
    return span.start_s <= one.end_s and one.start_s <= span.end_s
