"""What nodes and their components used in a pass, as figures that claims are made about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import moment, share
from upgrade_e2e.judge.growth import FEWEST_CYCLES, MIB, Growth
from upgrade_e2e.judge.in_view import InView
from upgrade_e2e.judge.kubelet_growth import growth_of_kubelets
from upgrade_e2e.judge.limit_groups import ResourceLimits
from upgrade_e2e.judge.programs import (
    KUBELET,
    RUNTIME,
    Memory,
    counts_in,
    memory_of,
    name_of,
    oom_counters,
)
from upgrade_e2e.judge.reading_figures import largest
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.judge.throttling import throttled_in
from upgrade_e2e.observers import NAMESPACE
from upgrade_e2e.observers.kills import EVICTION, OOM_KILL
from upgrade_e2e.timeline import Readings, Series

__all__ = ["Ceiling", "NodeUsage", "Throttled"]

WATCHED = ("kube-system", NAMESPACE)
"""The namespaces whose containers are judged: the cluster's own, and ours."""
_FULL_PODS = 100.0
"""Of the limits of kubelet_perf.go."""


@dataclass(frozen=True)
class Ceiling:
    """The most memory that a component used on a node, next to what it may, both in MiB.

    The limit is for `pods` pods on that node, on the line between those for none and for 100.
    `when` is the moment of it with its step, in words.
    """

    component: str
    node: str
    used_mib: float
    limit_mib: float
    pods: int
    source: str
    when: str

    @property
    def is_broken(self) -> bool:
        """Whether it used more than it may."""
        return self.used_mib > self.limit_mib

    def __str__(self) -> str:
        return (
            f"{self.component} on {self.node}: {self.used_mib:.0f} MiB ({self.source}), of "
            f"{self.limit_mib:.0f} MiB with {self.pods} pods; {self.when}"
        )


@dataclass(frozen=True)
class Throttled:
    """The worst share of its CFS periods in which a container waited, over five minutes."""

    container: str
    node: str
    share: float

    def __str__(self) -> str:
        return f"{self.container} on {self.node}: throttled in {share(self.share)} of its periods"


@dataclass(frozen=True, eq=False)
class NodeUsage:
    """The figures of a NodeResources; `of` makes them from what it saw."""

    title: str
    readings: Readings
    steps: Steps

    @classmethod
    def of(cls, seen: InView) -> NodeUsage:
        """The figures of what it saw; raises Inconclusive when it read nothing."""
        return cls(seen.title, seen.readings, seen.steps)

    @cached_property
    def oom_kills(self) -> tuple[str, ...]:
        """Each OOM kill that was seen, as a sentence; one that shows in two places is there twice.

        Shown by a container's status, by an event, or by the counter of a cgroup.
        """
        counters = oom_counters(self.readings, WATCHED)
        return (*self._counted(counters, "OOM killed"), *self._shown(OOM_KILL))

    @cached_property
    def evictions(self) -> tuple[str, ...]:
        """Each eviction under pressure that was seen, as a sentence; see `oom_kills`.

        A drain evicts through the API, which is none of these.
        """
        counters = self.readings.of("kubelet_evictions")
        return (*self._counted(counters, "evicted for"), *self._shown(EVICTION))

    def ceilings(self, component: str, limits: ResourceLimits) -> tuple[Ceiling, ...]:
        """The most memory of KUBELET or RUNTIME on each node where it is known."""
        bounds = {
            KUBELET: (limits.kubelet_idle_mib, limits.kubelet_full_mib),
            RUNTIME: (limits.runtime_idle_mib, limits.runtime_full_mib),
        }
        return tuple(
            self._ceiling(component, memory, *bounds[component])
            for memory in memory_of(component, self.readings)
        )

    @cached_property
    def throttled(self) -> tuple[Throttled, ...]:
        """The containers with a CPU limit, the worst first; those that hardly ran are left out."""
        waited = throttled_in(self.readings, WATCHED)
        found = (Throttled(name_of(part), part.node, worst) for part, worst in waited)
        return tuple(sorted(found, key=lambda one: -one.share))

    def kubelet_growth(self, churn: InView) -> tuple[Growth, ...]:
        """How each kubelet grew with every burst of a PodChurn, at the old version and at the new.

        Raises Inconclusive where pods came and went on no node whose kubelet was swapped and read.
        """
        found = tuple(growth_of_kubelets(self.readings, self.steps, churn))
        if not found:
            raise Inconclusive(
                f"{self.title}: there is no node on which pods came and went, the kubelet was "
                "replaced and its memory could be read."
            )
        return found

    def require_cycles(self, growths: Sequence[Growth]) -> None:
        """Raises Inconclusive where a node had too few cycles before or after its swap."""
        lacking = [one.node for one in growths if not one.is_known]
        if lacking:
            raise Inconclusive(
                f"{self.title}: fewer than {FEWEST_CYCLES} cycles count before or after the swap "
                f"of the kubelet on {', '.join(lacking)}; watch for longer with --watch-before "
                "and --watch-after."
            )

    def explain(self, sentences: Sequence[object]) -> str:
        """The message of a failing assert: how many there are with the first, and the others."""
        first, *others = [str(one) for one in sentences]
        return "\n".join([f"{self.title}: {len(sentences)} found: {first}", *others])

    def _ceiling(self, component: str, memory: Memory, idle: float, full: float) -> Ceiling:
        counted = self.readings.of("kubelet_running_pods", node=memory.node)
        pods = largest(counted) if counted else 0.0
        at_s = memory.largest_at_s
        return Ceiling(
            component=component,
            node=memory.node,
            used_mib=memory.largest / MIB,
            limit_mib=idle + (full - idle) * min(pods / _FULL_PODS, 1.0),
            pods=int(pods),
            source=memory.source,
            when=f"at {moment(at_s)}, {self.steps.during(at_s, at_s)}",
        )

    def _counted(self, counters: Sequence[Series], what: str) -> Iterator[str]:
        for series, count in counts_in(self.readings, counters):
            if count > 0:
                about = series.labels.get("eviction_signal") or name_of(series)
                at_s = _risen_at_s(series)
                yield (
                    f"{what} {about} on {series.node}: {count:.0f} times ({series.metric}), from "
                    f"{moment(at_s)} on, {self.steps.during(at_s, at_s)}"
                )

    def _shown(self, what: str) -> Iterator[str]:
        for series in self.readings.of(what):
            at_s = float(series.at_us[0]) / 1e6
            labels = series.labels
            source = labels.get("says") or f"its {labels.get('source')} says {_WORDS[what]}"
            yield (
                f"{name_of(series)} on {series.node or 'a node'}: {source}; seen at "
                f"{moment(at_s)}, {self.steps.during(at_s, at_s)}"
            )


_WORDS = {OOM_KILL: "OOMKilled", EVICTION: "Evicted"}


def _risen_at_s(series: Series) -> float:
    """When a counter was first seen higher than at its first reading."""
    higher = np.flatnonzero(np.diff(series.value) != 0)
    at = int(higher[0]) + 1 if len(higher) else 0
    return float(series.at_us[at]) / 1e6
