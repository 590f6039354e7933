"""The limits of each group, as claims name them: `limits.dns.silence_s`; values: limits.toml."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ApiLimits",
    "BackupLimits",
    "ChurnLimits",
    "DeploymentsLimits",
    "DnsLimits",
    "EtcdLimits",
    "GuardLimits",
    "HttpLimits",
    "Instrument",
    "NetworkLimits",
    "ResourceLimits",
    "RuntimeLimits",
    "SlowLimits",
    "UpgradeLimits",
]


@dataclass(frozen=True)
class Instrument:
    """What the probers must have seen for anything to be judged; otherwise Inconclusive.

    blind_share         largest share of the window not seen, mean over the streams of an observer
    stream_blind_share  the same for the worst stream
    blind_stretch_s     longest time in one piece that a stream at a fixed rate may have been blind
    masked_share        largest share of events that may be left out for the API's absences
    min_samples         fewest samples that count
    asleep_share        largest share of a wait that a prober may sleep for it to count
    late_s              largest lateness of a probe whose latency counts
    quiet_s             longest pause between events that is not blindness
    """

    blind_share: float
    stream_blind_share: float
    blind_stretch_s: float
    masked_share: float
    min_samples: int
    asleep_share: float
    late_s: float
    quiet_s: float


@dataclass(frozen=True)
class DnsLimits:
    """Lookups of a name inside of the cluster.

    failure_ratio   of lookups that fail, although they are asked again once
    silence_s       longest time in which one node had no answer at all
    kept_silence_s  the same for a client that keeps its socket
    bad_share       share of the seconds in which a lookup failed or was slow
    p50_s, p99_s    latency
    """

    failure_ratio: float
    silence_s: float
    kept_silence_s: float
    bad_share: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True)
class HttpLimits:
    """Requests to a workload that rolls while nodes are drained.

    failures_per_s  failed requests for each second that was watched
    silence_s       longest time in which one client had no answer at all
    brownout_s      longest time in which answers were slow
    bad_share       share of the seconds in which a request failed or was slow
    p50_s, p99_s    latency
    """

    failures_per_s: float
    silence_s: float
    brownout_s: float
    bad_share: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True)
class ApiLimits:
    """The API server; `availability` is the share of requests answered.

    `away_s` in all and `longest_away_s` at a time are what a single control plane may be without
    an answer.
    """

    availability: float
    read_p99_s: float
    write_p99_s: float
    watch_gap_s: float
    away_s: float
    longest_away_s: float


@dataclass(frozen=True)
class EtcdLimits:
    """The members of etcd.

    silence_s               longest time in which one does not answer, but for its own restarts
    leaderless_s            longest time in which one has no leader, but for its own restarts
    leader_changes          most of them for each member that was restarted
    fsync_p99_s             99th percentile of writing the log to the disk
    commit_p99_s            99th percentile of commits of the database
    round_trip_p99_s        99th percentile of round trips between members
    failed_proposals_per_s  writes that the members did not agree on
    quota_share             largest share of the quota that a database takes
    """

    silence_s: float
    leaderless_s: float
    leader_changes: int
    fsync_p99_s: float
    commit_p99_s: float
    round_trip_p99_s: float
    failed_proposals_per_s: float
    quota_share: float


@dataclass(frozen=True)
class GuardLimits:
    """Policies that refuse objects.

    admitted       most objects that a policy forbids and that were admitted
    refused_ratio  of allowed objects that were refused while the API server answered
    closed_s       longest time in which every allowed object was refused
    """

    admitted: int
    refused_ratio: float
    closed_s: float


@dataclass(frozen=True)
class ChurnLimits:
    """Pods that come and go: container start to Ready visible, deletion to gone.

    `failure_ratio` is of pods that never came or went. `left_out_s` is how much of a pass the API
    server's absences may take out of all three.
    """

    ready_p95_s: float
    gone_p95_s: float
    failure_ratio: float
    left_out_s: float


@dataclass(frozen=True)
class DeploymentsLimits:
    """New Deployments, from the request to create one until it is available.

    `available_p99_s` is for `Seen.proven_p99_s`: how many may take longer depends on how many there
    were. `failure_ratio` is of those that do not get through a stage. `left_out_s` is how much of a
    pass the absences of API server and controllers may take out of both.
    """

    available_p99_s: float
    failure_ratio: float
    left_out_s: float


@dataclass(frozen=True)
class NetworkLimits:
    """New pods and their network.

    without_s   longest time that a pod may be without ClusterIP, DNS or a pod on another node
    new_node_s  the same on a node that has just joined, where no taint keeps pods off until then
    start_p95_s from a pod bound to its node to the start of its process
    """

    without_s: float
    new_node_s: float
    start_p95_s: float


@dataclass(frozen=True)
class RuntimeLimits:
    """The container runtime of a node.

    pleg_age_s  oldest list of its pods that a kubelet may have
    silence_s   longest time in which pods may wait for containers and none comes up
    lied_s      longest time in which a node may be called Ready while its runtime is silent
    """

    pleg_age_s: float
    silence_s: float
    lied_s: float


@dataclass(frozen=True)
class ResourceLimits:
    """Memory and CPU of what runs on nodes, in MiB of anonymous memory.

    kubelet_idle_mib, kubelet_full_mib  the kubelet, on a node without pods and with 100 pods
    runtime_idle_mib, runtime_full_mib  the container runtime, likewise
    throttled_share                     share of its CFS periods in which a container had to wait
    growth_mib                          how much more the kubelet grows with each burst of pods than
                                        the old version did
    """

    kubelet_idle_mib: float
    kubelet_full_mib: float
    runtime_idle_mib: float
    runtime_full_mib: float
    throttled_share: float
    growth_mib: float


@dataclass(frozen=True)
class BackupLimits:
    """Snapshots of etcd.

    age_s        the newest whole snapshot of a pass is never older
    size_factor  how many times larger or smaller a snapshot may be than the one before
    """

    age_s: float
    size_factor: float


@dataclass(frozen=True)
class UpgradeLimits:
    """The cluster after the upgrade; `certificate_days`: the least a certificate may have left."""

    certificate_days: int


@dataclass(frozen=True)
class SlowLimits:
    """How long an answer may take before it counts as slow, by kind of observer."""

    dns_s: float
    web_s: float
    edge_s: float
    api_s: float
    guard_s: float
    backup_s: float
    other_s: float

    def of(self, label: str) -> float:
        """That of an observer: `web` and `web-mine` have one limit."""
        kind = label.partition("-")[0]
        return float(getattr(self, f"{kind}_s", self.other_s))
