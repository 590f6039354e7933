"""etcd: each member asked from its own node, and what was written through the API looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from upgrade_e2e.observers.base import DeployContext, Observer, Parts, Probe, label_or_kind
from upgrade_e2e.observers.canaries import Canaries
from upgrade_e2e.observers.checks import check_label, check_rate, check_timeout
from upgrade_e2e.observers.etcd_end import EtcdAtTheEnd
from upgrade_e2e.observers.etcd_members import find_members, metrics_url
from upgrade_e2e.timeline import Connection

__all__ = ["METRICS", "EtcdHealth"]

METRICS = (
    "etcd_server_has_leader",
    "etcd_server_leader_changes_seen_total",
    "etcd_server_proposals_failed_total",
    "etcd_server_quota_backend_bytes",
    "etcd_mvcc_db_total_size_in_bytes",
    "etcd_disk_wal_fsync_duration_seconds_bucket",
    "etcd_disk_backend_commit_duration_seconds_bucket",
    "etcd_network_peer_round_trip_time_seconds_bucket",
    "process_start_time_seconds",
)
"""What is read of each member; the names are the same in etcd 3.5 and 3.6."""


@dataclass(frozen=True, kw_only=True)
class EtcdHealth:
    """The members of etcd in the static pods that kubeadm makes.

    Streams, each at `rate_hz` on every control plane, in the network of its node, because kubeadm
    lets etcd publish its metrics on loopback only (http://127.0.0.1:2381, without TLS):
    metrics@NODE  the numbers in METRICS, as readings
    alarms@NODE   GET /health with serializable=true: 503 while an alarm is raised. It asks this
                  member alone; whether that has a leader is among the metrics
    And `canaries_hz` numbered ConfigMaps a second, written through the API from this machine:
    canary@host   one sample for each write that was acknowledged: `lost` when etcd does not have it
                  at the end
    At the end each member is asked for the hash of its keys at one revision, and all for alarms,
    through etcdctl in their pods. The objects are named after `label`. On a simulated cluster,
    which has no etcd, nothing is watched. Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "etcd"
    rate_hz: float = 1.0
    canaries_hz: float = 5.0
    label: str = ""
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        check_rate("EtcdHealth.rate_hz", self.rate_hz)
        check_rate("EtcdHealth.canaries_hz", self.canaries_hz)
        check_label("EtcdHealth.label", self.label)
        check_timeout("EtcdHealth.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Find the members; nothing has to be applied. See Observer.

        Raises BadInput for a cluster whose etcd cannot be watched.
        """
        if context.simulated:
            return Parts()
        url = metrics_url(find_members(context.cluster))
        metrics = {"url": f"{url}/metrics", "metrics": list(METRICS)}
        alarms = {"url": f"{url}/health?serializable=true"}
        return Parts(
            control_plane_probes=(
                self._probe("metrics", "scrape", metrics),
                self._probe("alarms", "http", alarms),
            ),
            background_tasks=(
                Canaries(context, label_or_kind(self), self.canaries_hz),
                EtcdAtTheEnd(context.cluster),
            ),
        )

    def _probe(self, name: str, kind: str, settings: Mapping[str, object]) -> Probe:
        return Probe(
            name=name,
            kind=kind,
            target="etcd on {node_name}",
            interval_s=1 / self.rate_hz,
            timeout_s=self.timeout_s,
            connection=Connection.NEW,
            settings=settings,
        )
