"""A run as the gate and the history see it: the record of a pass without its samples and spans."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.gate.choices import STORED_NAMES, choices_that_measure
from upgrade_e2e.gate.elsewhere import elsewhere_down_s
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.report import ApiCost, ObserverResult, RunRecord
from upgrade_e2e.timeline import NO_STEPS, Span
from upgrade_e2e.upgrade import Inventory
from upgrade_e2e.upgrade.plan import JOIN_NODE

__all__ = ["WHOLE", "Figure", "Run", "ScenarioVerdict", "run_of"]

WHOLE = "pass"
OBSERVED = (
    "failure_ratio",
    "downtime_s",
    "longest_gap_s",
    "p50_s",
    "p99_s",
    "blind_share",
    "samples",
    "failures",
    "outage_count",
    "longest_silence_s",
    "kept_silence_s",
    "longest_brownout_s",
    "retried_failure_ratio",
    "failures_per_s",
    "bad_share",
)
SLOWNESS = ("slow_ratio", "brownout_count", "brownout_s")
"""Recorded where there was a limit on slow answers, which the earliest records have not."""
_PULL = "pull"
"""The kind of the phases in which a pass waited for images, and of the pulls next to the steps."""


@dataclass(frozen=True)
class Figure:
    """One number of one run: `p99_s` of the observer `dns-kubernetes.default`.

    The observer `pass` is the pass itself: `duration_s`, the time that each kind of step took
    (`drain_s`), and how long the API server was away (`api_away_s`). A `censored` figure is a lower
    bound: probes gave up waiting.
    """

    observer: str
    metric: str
    value: float
    censored: bool = False


@dataclass(frozen=True)
class ScenarioVerdict:
    """What became of one scenario; `watched` says whether it rests on an observer."""

    name: str
    verdict: Verdict
    watched: bool = True


@dataclass(frozen=True)
class Run:
    """One pass, small enough to keep for years.

    `choices` are the settings that change what is measured, planted faults aside; `nodes` is the
    size of the cluster, empty where it could not be read. `facts` say what kind of cluster it was,
    None where that is not known. `limits` are those that differ from the defaults. A figure that
    the pass could not give is not there; none is ever NaN or infinite. `machine` is the class of
    the machine, empty where it is not known; `images` are the digests of the node images by
    version, as far as they are known.
    """

    run_id: str
    path: tuple[str, ...]
    provider: str
    simulated: bool
    verdict: Verdict
    reason: str
    started_unix_s: float
    tool: str = ""
    nodes: str = ""
    facts: ClusterFacts | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    claims: tuple[ScenarioVerdict, ...] = ()
    figures: tuple[Figure, ...] = ()
    machine: str = ""
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def path_id(self) -> str:
        """The path as a name: `v1.33.7-v1.34.3`."""
        return "-".join(self.path)

    @property
    def name(self) -> str:
        """What a person calls it: the first characters of its id."""
        return self.run_id[:8]

    @cached_property
    def observers(self) -> tuple[str, ...]:
        """The observers that left figures, in order of name."""
        return tuple(sorted({figure.observer for figure in self.figures} - {WHOLE}))

    def figure(self, observer: str, metric: str) -> Figure | None:
        """One figure; None where the pass could not give it."""
        return self._by_name.get((observer, metric))

    def limit(self, key: str) -> float:
        """The limit in force in this run; raises KeyError for a key that is no limit."""
        defaults = {row.key: row.value for row in Limits.default().table}
        return self.limits.get(key, defaults[key])

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Figure]:
        return {(figure.observer, figure.metric): figure for figure in self.figures}


def run_of(record: RunRecord) -> Run:
    """The run that a record describes."""
    return Run(
        run_id=record.run_id,
        path=record.path,
        provider=record.provider,
        simulated=record.simulated,
        verdict=record.verdict,
        reason=" ".join(record.reason.split()),
        started_unix_s=record.started_unix_s,
        tool=record.tools.get("upgrade-e2e", ""),
        nodes=_nodes(record.inventory, record.spans),
        # A record that is older than this field has the facts that no cluster has.
        facts=None if record.facts == ClusterFacts() else record.facts,
        choices=choices_that_measure(record.choices),
        faults=record.faults,
        limits={limit.key: limit.value for limit in record.limits_changed},
        claims=tuple(
            ScenarioVerdict(result.name, result.verdict, bool(result.observers))
            for result in record.scenarios
        ),
        figures=tuple(figure for figure in _figures(record) if math.isfinite(figure.value)),
        machine=record.machine,
        images={
            version: digest
            for version, digest in record.image_digests.items()
            if version in record.path
        },
    )


def _nodes(inventory: Inventory | None, spans: tuple[Span, ...]) -> str:
    """The nodes that were upgraded, without those that joined in the pass."""
    if inventory is None:
        return ""
    joined = tuple(f"-{span.node}" for span in spans if span.kind == JOIN_NODE)
    names = [part.name for part in inventory.components if not part.node.endswith(joined)]
    planes, nodes = names.count("kube-apiserver"), names.count("kubelet")
    return f"{planes} control plane(s), {nodes - planes} worker(s)" if nodes else ""


def _figures(record: RunRecord) -> Iterator[Figure]:
    for seen in record.observers:
        yield from _observed(record, seen)
    if record.api_cost is not None:
        yield from _away(record.api_cost)
    # How long a registry took says nothing about the cluster, nor about how fast probers were.
    pulling: dict[str, float] = {}
    for span in record.spans:
        if span.kind == _PULL and span.parent:
            pulling[span.parent] = pulling.get(span.parent, 0.0) + span.duration_s
    yield Figure(WHOLE, "duration_s", record.duration_s - sum(pulling.values()))
    steps: dict[str, float] = {}
    for span in record.spans:
        if not span.parent and span.kind not in {_PULL, *NO_STEPS}:
            kind = STORED_NAMES.get(span.kind, span.kind)
            took_s = span.duration_s - pulling.get(span.name, 0.0)
            steps[kind] = steps.get(kind, 0.0) + took_s
    for kind, took_s in steps.items():
        yield Figure(WHOLE, f"{kind}_s", took_s)


def _away(cost: ApiCost) -> Iterator[Figure]:
    yield Figure(WHOLE, "api_away_s", cost.away_s)
    yield Figure(WHOLE, "api_longest_away_s", cost.longest_away_s)
    of_nodes = {
        "longest_without_news_s": cost.longest_without_news_s,
        "left_out_s": cost.left_out_s,
    }
    for metric, by_node in of_nodes.items():
        if by_node:
            yield Figure(WHOLE, metric, max(by_node.values()))


def _observed(record: RunRecord, seen: ObserverResult) -> Iterator[Figure]:
    if (down_s := elsewhere_down_s(record, seen)) is not None:
        yield Figure(seen.name, "elsewhere_down_s", down_s)
    for metric in (*OBSERVED, *(SLOWNESS if seen.slow_s is not None else ())):
        value = getattr(seen, metric)
        if value is not None:
            yield Figure(seen.name, metric, float(value), _is_bound(seen, metric))
    for kind, p95_s in seen.stream_p95_s.items():
        yield Figure(seen.name, f"{kind}_p95_s", p95_s)


def _is_bound(seen: ObserverResult, metric: str) -> bool:
    """Whether a latency is a lower bound; a median is only where half of the probes failed."""
    half_failed = 2 * seen.failures >= seen.samples
    return seen.censored and (metric == "p99_s" or (metric == "p50_s" and half_failed))
