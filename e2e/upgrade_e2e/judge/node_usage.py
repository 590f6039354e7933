"""What nodes and their components used in a pass, as figures that claims are made about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import moment, share
from upgrade_e2e.judge.counters import counted_since, worst_share
from upgrade_e2e.judge.growth import FEWEST_CYCLES, MIB, Growth
from upgrade_e2e.judge.kubelet_growth import growth_of_kubelets
from upgrade_e2e.judge.limit_groups import ResourceLimits
from upgrade_e2e.judge.programs import KUBELET, RUNTIME, Memory, containers, memory_of, name_of
from upgrade_e2e.judge.reading_figures import largest
from upgrade_e2e.judge.seen import Seen
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.observers import NAMESPACE
from upgrade_e2e.observers.kills import EVICTION, OOM_KILL
from upgrade_e2e.timeline import Readings, Series

__all__ = ["Ceiling", "NodeUsage", "Throttled"]

WATCHED = ("kube-system", NAMESPACE)
"""The namespaces whose containers are judged: the cluster's own, and ours."""
_FULL_PODS = 100.0
"""Of the limits of kubelet_perf.go."""
_THROTTLED_OVER_S = 300.0
"""Of kubernetes-mixin's alert."""
_FEWEST_PERIODS = 100.0
"""Definition: ten seconds of the CPU time of a container with a limit."""


@dataclass(frozen=True)
class Ceiling:
    """The most memory that a component used on a node, next to what it may, both in MiB.

    The limit is for `pods` pods on that node, on the line between those for none and for 100.
    """

    component: str
    node: str
    used_mib: float
    limit_mib: float
    pods: int
    source: str

    @property
    def is_broken(self) -> bool:
        """Whether it used more than it may."""
        return self.used_mib > self.limit_mib

    def __str__(self) -> str:
        return (
            f"{self.component} on {self.node}: {self.used_mib:.0f} MiB ({self.source}), of "
            f"{self.limit_mib:.0f} MiB with {self.pods} pods"
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
    def of(cls, seen: Seen) -> NodeUsage:
        """The figures of what it saw; raises Inconclusive when it read nothing."""
        return cls(seen.title, seen.readings, seen.steps)

    @cached_property
    def oom_kills(self) -> tuple[str, ...]:
        """Each OOM kill that was seen, as a sentence; one that shows in two places is there twice.

        Shown by a container's status, by an event, or by the counter of a cgroup.
        """
        counters = (*self._containers("container_oom_events_total"), *self._units())
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
        found = self._throttled()
        return tuple(sorted(found, key=lambda one: -one.share))

    def kubelet_growth(self, churn: Seen) -> tuple[Growth, ...]:
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
        """The message of a failing assert: how many there are, and each of them."""
        lines = [str(one) for one in sentences]
        return "\n".join([f"{self.title}: {len(lines)} found", *lines])

    def _ceiling(self, component: str, memory: Memory, idle: float, full: float) -> Ceiling:
        counted = self.readings.of("kubelet_running_pods", node=memory.node)
        pods = largest(counted) if counted else 0.0
        return Ceiling(
            component=component,
            node=memory.node,
            used_mib=memory.largest / MIB,
            limit_mib=idle + (full - idle) * min(pods / _FULL_PODS, 1.0),
            pods=int(pods),
            source=memory.source,
        )

    def _containers(self, metric: str) -> Iterator[Series]:
        return containers(self.readings, metric, WATCHED)

    def _units(self) -> Iterator[Series]:
        """The counters of OOM kills of cgroups that are no pod's, such as the kubelet's unit."""
        for series in self.readings.of("container_oom_events_total"):
            if not series.labels.get("namespace") and not series.labels.get("pod"):
                yield series

    def _counted(self, counters: Sequence[Series], what: str) -> Iterator[str]:
        for series in counters:
            count = counted_since(series, self._first_us(series.node))
            if count > 0:
                about = series.labels.get("eviction_signal") or name_of(series)
                at_s = _risen_at_s(series)
                yield (
                    f"{what} {about} on {series.node}: {count:.0f} times ({series.metric}), from "
                    f"{moment(at_s)} on, {self.steps.during(at_s, at_s)}"
                )

    def _first_us(self, node: str) -> int:
        """When a node's kubelet was read for the first time."""
        read = self.readings.of("process_start_time_seconds")
        return min((int(one.at_us[0]) for one in read if one.node == node), default=0)

    def _shown(self, what: str) -> Iterator[str]:
        for series in self.readings.of(what):
            at_s = float(series.at_us[0]) / 1e6
            labels = series.labels
            source = labels.get("says") or f"its {labels.get('source')} says {_WORDS[what]}"
            yield (
                f"{name_of(series)} on {series.node or 'a node'}: {source}; seen at "
                f"{moment(at_s)}, {self.steps.during(at_s, at_s)}"
            )

    def _throttled(self) -> Iterator[Throttled]:
        whole = {_key(one): one for one in self._containers("container_cpu_cfs_periods_total")}
        for part in self._containers("container_cpu_cfs_throttled_periods_total"):
            periods = whole.get(_key(part))
            if periods is None:
                continue
            worst = worst_share(part, periods, _THROTTLED_OVER_S, _FEWEST_PERIODS)
            if worst is not None:
                yield Throttled(name_of(part), part.node, worst)


_WORDS = {OOM_KILL: "OOMKilled", EVICTION: "Evicted"}
_Key = tuple[str, tuple[tuple[str, str], ...]]


def _key(series: Series) -> _Key:
    return series.node, tuple(sorted(series.labels.items()))


def _risen_at_s(series: Series) -> float:
    """When a counter was first seen higher than at its first reading."""
    higher = np.flatnonzero(np.diff(series.value) != 0)
    at = int(higher[0]) + 1 if len(higher) else 0
    return float(series.at_us[at]) / 1e6
