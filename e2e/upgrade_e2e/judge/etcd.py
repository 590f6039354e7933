"""What EtcdHealth saw, as figures of etcd that claims are made about.

A member is restarted when its own node is upgraded: by kubeadm, when etcd itself is replaced, and
by the new kubelet. What its probes missed then is no fault, so claims about answers and leaders
leave out those steps of its own node, and nothing else. That is all the time in which a lone member
is away, so of a lone member they claim the rest of the pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration, moment
from upgrade_e2e.judge.reading_figures import (
    increase,
    largest,
    latest,
    quantile_of_buckets,
    rate,
)
from upgrade_e2e.judge.seen import Seen
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Outcome, Series, Span, Window

__all__ = ["RESTARTING", "Etcd"]

RESTARTING = ("kubeadm-apply", "kubeadm-node", "swap-kubelet")
"""The kinds of steps that restart the member on their node."""
_P99 = 0.99
_SAME_START_S = 2.0
"""The start of a process is worked out from the clock, which may be corrected meanwhile."""


@dataclass(frozen=True, eq=False)
class Etcd:
    """The figures of one observer's whole view, by member where that is what counts.

    All raise Inconclusive where nothing was seen or read.
    """

    seen: Seen

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The nodes of the members that were asked."""
        return tuple(sorted({stream.node for stream in self.seen.only(stream="metrics").streams}))

    @cached_property
    def answers(self) -> Seen:
        """Whether members answered, outside of the steps that restart them."""
        return self._outside("metrics")

    @cached_property
    def alarms(self) -> Seen:
        """Whether an alarm was raised, which answers say with 5xx, outside of those steps."""
        return self._outside("alarms")

    @property
    def alarmed(self) -> int:
        """How many answers said that an alarm was raised."""
        return self.alarms.outcomes.get(Outcome.HTTP_5XX, 0)

    @property
    def alarms_left(self) -> str:
        """The alarms that were still raised at the end; empty for none."""
        (last,) = self._of("etcd_alarms")
        return last.labels.get("kinds", "") if last.value[-1] else ""

    @cached_property
    def leaderless_s(self) -> Mapping[str, float]:
        """By member, the longest time in which it said that it has no leader: a lower bound."""
        return {node: without.duration_s for node, without in self._leaderless.items()}

    def explain_leaderless(self, node: str) -> str:
        """How long the member on a node had no leader, from when on, and in which step."""
        without = self._leaderless[node]
        during = self.seen.steps.during(without.start_s, without.end_s)
        return (
            f"{node}: {duration(without.duration_s)} without a leader, from "
            f"{moment(without.start_s)} on, {during}"
        )

    @property
    def leader_changes(self) -> float:
        """How many changes of leader the member saw that saw most; its own restart is one."""
        return max(increase(one) for one in self._of("etcd_server_leader_changes_seen_total"))

    @cached_property
    def rolled(self) -> int:
        """How many members were restarted, each once per hop at most."""
        hops = len({span.hop for span in self._restarting()}) or 1
        starts = self._of("process_start_time_seconds")
        return sum(min(_restarts(one), hops) for one in starts)

    @property
    def fsync_p99_s(self) -> Mapping[str, float]:
        """By member, the 99th percentile of what it took to write its log to the disk."""
        return self._p99("etcd_disk_wal_fsync_duration_seconds_bucket")

    @property
    def commit_p99_s(self) -> Mapping[str, float]:
        """By member, the 99th percentile of commits of its database."""
        return self._p99("etcd_disk_backend_commit_duration_seconds_bucket")

    @property
    def round_trip_p99_s(self) -> Mapping[str, float]:
        """By member, the 99th percentile of round trips to the others; a lone one has none."""
        return self._p99("etcd_network_peer_round_trip_time_seconds_bucket")

    @property
    def failed_proposals_per_s(self) -> Mapping[str, float]:
        """By member, how many proposals failed for each second that it was watched."""
        return {one.node: rate(one) for one in self._of("etcd_server_proposals_failed_total")}

    @property
    def quota_share(self) -> Mapping[str, float]:
        """By member, the largest size of its database as a share of its quota."""
        return {
            one.node: largest(one)
            / latest(self.seen.readings.of("etcd_server_quota_backend_bytes", node=one.node))
            for one in self._of("etcd_mvcc_db_total_size_in_bytes")
        }

    @property
    def hashes(self) -> Mapping[str, int]:
        """By member, the hash of all keys at one revision, at the end."""
        return {one.node: int(one.value[-1]) for one in self._of("etcd_hashkv")}

    @property
    def lost(self) -> int:
        """How many acknowledged writes etcd did not have at the end."""
        canaries = self.seen.only(stream="canary")
        if not canaries.count:
            raise Inconclusive(
                f"{self.seen.title}: no write was looked for at the end; the log says why etcd "
                "could not be asked."
            )
        return canaries.outcomes.get(Outcome.LOST, 0)

    def _of(self, metric: str) -> tuple[Series, ...]:
        found = self.seen.readings.of(metric)
        if not found:
            raise Inconclusive(
                f"{self.seen.title}: nothing was read of {metric}; the log says why etcd could not "
                "be asked."
            )
        return found

    def _p99(self, metric: str) -> dict[str, float]:
        nodes = dict.fromkeys(one.node for one in self._of(metric))
        read = self.seen.readings
        return {node: quantile_of_buckets(_P99, read.of(metric, node=node)) for node in nodes}

    def _restarting(self) -> Iterator[Span]:
        return (
            span for span in self.seen.steps.spans if span.kind in RESTARTING and not span.parent
        )

    def _restarted(self, node: str) -> Windows:
        """When the member on this node was restarted by the upgrade."""
        spans = [s for s in self._restarting() if s.is_on(node)]
        return Windows.of(
            [round(span.start_s * 1e6) for span in spans],
            [round(span.end_s * 1e6) for span in spans],
        )

    def _outside(self, stream: str) -> Seen:
        part = self.seen.only(stream=stream)
        tracks = tuple(t.without(self._restarted(t.stream.node)) for t in part.scope.tracks)
        title = f"{part.title} outside of restarts of each member"
        return replace(part, title=title, scope=replace(part.scope, tracks=tracks))

    @cached_property
    def _leaderless(self) -> Mapping[str, Window]:
        """By member, when it had no leader for longest; of no length where it always had one."""
        return {one.node: self._without_leader(one) for one in self._of("etcd_server_has_leader")}

    def _without_leader(self, series: Series) -> Window:
        outside = ~self._restarted(series.node).contains(series.at_us)
        at_us, led = series.at_us[outside], series.value[outside] > 0
        edges = np.flatnonzero(np.diff(led.astype(np.int8))) + 1
        stretches = zip(np.split(at_us, edges), np.split(led, edges), strict=True)
        without = [
            Window(float(at[0]) / 1e6, float(at[-1]) / 1e6)
            for at, has in stretches
            if len(has) and not has[0]
        ]
        return max(without, key=lambda one: one.duration_s, default=Window(0.0, 0.0))


def _restarts(starts: Series) -> int:
    """How often the process was another one than before."""
    return int((np.abs(np.diff(starts.value)) > _SAME_START_S).sum())
