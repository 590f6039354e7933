"""run.json: everything about one pass but its samples; docs/artifacts.md describes each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.judge import Limit, Verdict
from upgrade_e2e.report.api_cost import ApiCost
from upgrade_e2e.report.backups import BackupRow
from upgrade_e2e.report.cost import Cost
from upgrade_e2e.report.etcd_result import EtcdResult
from upgrade_e2e.report.resources import Resources
from upgrade_e2e.report.runtime_row import RuntimeRow, runtime_line
from upgrade_e2e.timeline import Span, Window
from upgrade_e2e.upgrade import Inventory

__all__ = [
    "NOT_JUDGED",
    "RECORD_NAME",
    "REHEARSAL",
    "SCHEMA_VERSION",
    "SIMULATED",
    "BrownoutRow",
    "FailedStep",
    "ObserverResult",
    "OutageRow",
    "RunRecord",
    "ScenarioResult",
]

SCHEMA_VERSION = 2
"""Records of an earlier one are read as of this one: see migrate.py."""
RECORD_NAME = "run.json"
REHEARSAL = "a rehearsal, never evidence for a real version."
SIMULATED = f"SIMULATED: {REHEARSAL}"
NOT_JUDGED = "it was selected and not judged: the run ended before that."
"""The explanation of a scenario that never came to its turn."""


@dataclass(frozen=True)
class ScenarioResult:
    """The result of one scenario: its claim in words, the verdict and the reason for it.

    `traceback` is that of a scenario that is itself broken: it raised what is neither a broken
    claim nor a skip. Empty for every other.
    """

    name: str
    claim: str
    verdict: Verdict
    explanation: str = ""
    observers: tuple[str, ...] = ()
    traceback: str = ""


@dataclass(frozen=True)
class OutageRow:
    """One outage: when, its bounds, where, and in which steps.

    `at_most_s` is None where the outage began before, or lasted beyond, what was seen. `cause` are
    the names of the steps, the likeliest first; more than one is ambiguous. `share` is the share
    of probes that failed at its worst: 1/3 when one of three backends was away. `told` is `cause`
    in words.
    """

    target: str
    start_s: float
    at_least_s: float
    at_most_s: float | None
    failures: int
    outcomes: Mapping[str, int]
    share: float
    cause: tuple[str, ...]
    told: str
    nodes: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()

    @property
    def weight(self) -> float:
        """How bad it was: its length times the share of probes that it hit."""
        return self.at_least_s * self.share


@dataclass(frozen=True)
class BrownoutRow:
    """One stretch in which answers were slow; the fields are those of OutageRow.

    `slow` is how many answers were, `slowest_s` the slowest of them, `share` the share of answers
    that were slow at its worst.
    """

    target: str
    start_s: float
    at_least_s: float
    at_most_s: float | None
    slow: int
    slowest_s: float
    share: float
    cause: tuple[str, ...]
    told: str
    nodes: tuple[str, ...] = ()

    @property
    def weight(self) -> float:
        """How bad it was: its length times the share of probes that it hit."""
        return self.at_least_s * self.share


@dataclass(frozen=True)
class ObserverResult:
    """The figures of one observer; None where nothing was seen that could give them.

    `p50_s` and `p99_s` are lower bounds where `censored` is true (probes gave up waiting).
    `outages` are the worst ones, `outage_count` says how many there were. In `brownouts` answers
    took longer than `slow_s`; `brownout_s` is how long they did, in all, and `slow_ratio` the share
    of answers that did. `longest_silence_s` is the longest time in which one stream got only
    failures, `kept_silence_s` the same for streams that keep their connection.
    `retried_failure_ratio` is the share of failures after one retry of a resolver, `bad_share` that
    of the seconds in which a probe failed or was slow. `stream_p95_s` has the 95th percentile of
    each kind of stream of events. Records that are older than a field have None, or nothing, there.
    """

    name: str
    samples: int
    failures: int
    suspect: int
    failure_ratio: float | None
    p50_s: float | None
    p99_s: float | None
    censored: bool
    downtime_s: float
    longest_gap_s: float
    blind_share: float
    resolution_s: float | None
    outage_count: int
    outages: tuple[OutageRow, ...] = ()
    notes: tuple[str, ...] = ()
    slow_s: float | None = None
    brownout_count: int = 0
    brownout_s: float = 0.0
    brownouts: tuple[BrownoutRow, ...] = ()
    longest_silence_s: float | None = None
    kept_silence_s: float | None = None
    longest_brownout_s: float | None = None
    retried_failure_ratio: float | None = None
    failures_per_s: float | None = None
    bad_share: float | None = None
    stream_p95_s: Mapping[str, float] = field(default_factory=dict)
    slow_ratio: float | None = None


@dataclass(frozen=True)
class FailedStep:
    """The step that ended the pass; `reason` holds command, exit code and output."""

    step: str
    reason: str


@dataclass(frozen=True)
class RunRecord:
    """One pass over one path. Times are as in Timeline; `started_unix_s` is second zero.

    `images` are the container images by what they are for, as they were asked for, `image_digests`
    what they turned out to be, as UsedImage has it; an image that was never looked at has none.
    `cluster_made` is false when the pass ended before there was a cluster that could be watched;
    `refused` is true when that was because what was asked for cannot work. `control_planes` and
    `workers` are the nodes of the cluster, 0 where that is not known; `pace` is how many times
    faster than in a real cluster its pods lived. `observers_as_written` has, by
    label, how each observer's scenario writes it. `inventory_error` says why there is no inventory
    of a cluster that was asked for one. `facts` say what kind of cluster it was before the upgrade,
    and are the defaults in records that are older than this field. `api_cost` is what it cost that
    the API server was away; None where nothing asked it, and in older records. `rejudged_unix_s` is
    when saved samples were judged again; None for the record of the pass itself. `machine` is the
    class of the machine that the pass ran on, `2 cores, 24 GiB`, empty where it is not known.
    `cost` compares the pass with stock passes, and is None where it did not come to its end. `etcd`
    is None where nothing asked its members, and in older records. `runtimes` are the container
    runtimes of the nodes, none where no observer watched them. `resources` are what nodes and
    their components used; None where nothing read that, and in older records. `backups` are the
    snapshots of etcd that were taken, none in older records.
    """

    run_id: str
    path: tuple[str, ...]
    provider: str
    simulated: bool
    verdict: Verdict
    reason: str
    started_unix_s: float
    duration_s: float
    watched: Window
    cluster_made: bool = True
    refused: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    tools: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    image_digests: Mapping[str, str] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    scenarios: tuple[ScenarioResult, ...] = ()
    observers: tuple[ObserverResult, ...] = ()
    limits_changed: tuple[Limit, ...] = ()
    failed_step: FailedStep | None = None
    inventory: Inventory | None = None
    inventory_error: str = ""
    observers_as_written: Mapping[str, str] = field(default_factory=dict)
    control_planes: int = 0
    workers: int = 0
    pace: float = 1.0
    facts: ClusterFacts = field(default_factory=ClusterFacts)
    api_cost: ApiCost | None = None
    rejudged_unix_s: float | None = None
    machine: str = ""
    cost: Cost | None = None
    runtimes: tuple[RuntimeRow, ...] = ()
    resources: Resources | None = None
    etcd: EtcdResult | None = None
    backups: tuple[BackupRow, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def path_id(self) -> str:
        """The path as a name: `v1.33.7-v1.34.3`."""
        return "-".join(self.path)

    @property
    def runtime_line(self) -> str:
        """How the container runtimes did, in one line; empty where none was watched."""
        return runtime_line(self.runtimes)

    @property
    def cluster_line(self) -> str:
        """The cluster in one line: `1+2 nodes, iptables, ipv4, flannel`.

        Nodes are control planes plus workers. Empty where it is not known what was watched.
        """
        if not self.control_planes:
            return ""
        return f"{self.control_planes}+{self.workers} nodes, {self.facts}"
