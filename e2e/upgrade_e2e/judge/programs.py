"""Which readings belong to which program of a node: kubelet, container runtime, containers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from upgrade_e2e.judge.counters import counted_since
from upgrade_e2e.timeline import Readings, Series

__all__ = [
    "KUBELET",
    "RUNTIME",
    "Memory",
    "component_of",
    "containers",
    "counts_in",
    "joined",
    "memory_of",
    "name_of",
    "oom_counters",
]

KUBELET, RUNTIME = "kubelet", "container runtime"
_UNITS: Mapping[str, tuple[str, ...]] = {
    KUBELET: ("kubelet.service",),
    RUNTIME: ("containerd.service", "crio.service", "docker.service"),
}
"""The systemd units of a component; their slice differs (system.slice, kubelet.slice on kind)."""
RSS = "container_memory_rss"
PROCESS = "process_resident_memory_bytes"
KILLS = "container_oom_events_total"


@dataclass(frozen=True, eq=False)
class Memory:
    """The memory of a component on one node. `of_unit` is false where only its process is known.

    The cgroup of a unit has all of its processes in it, and so the programs that it starts.
    """

    node: str
    series: Series
    of_unit: bool

    @property
    def largest(self) -> float:
        """The most that was read, in bytes."""
        return float(self.series.value.max())

    @property
    def largest_at_s(self) -> float:
        """When that was read first, in seconds since the origin."""
        return float(self.series.at_us[int(self.series.value.argmax())]) / 1e6

    @property
    def source(self) -> str:
        """Where it was read, in words."""
        what = "anonymous memory of its cgroup"
        return what if self.of_unit else "resident memory of its process"


def memory_of(component: str, readings: Readings) -> Iterator[Memory]:
    """The memory of KUBELET or RUNTIME on each node where it can be read.

    Anonymous memory of the unit's cgroup as cAdvisor has it (what the limits of Kubernetes' own
    test are about): the page cache in its working set is taken back when memory is short. cAdvisor
    has only cgroups that the kubelet knows; where it lacks the kubelet's, the kubelet's own figure
    of its process stands in.
    """
    units = joined(one for one in readings.of(RSS) if _unit(one) in _UNITS[component])
    for node, series in sorted(units.items()):
        yield Memory(node, series, of_unit=True)
    if component == KUBELET:
        for node, series in sorted(joined(readings.of(PROCESS)).items()):
            if node not in units:
                yield Memory(node, series, of_unit=False)


def containers(readings: Readings, metric: str, namespaces: Collection[str]) -> Iterator[Series]:
    """The series of containers in these namespaces, without those of whole pods."""
    for series in readings.of(metric):
        if series.labels.get("container") and series.labels.get("namespace") in namespaces:
            yield series


def oom_counters(readings: Readings, namespaces: Collection[str]) -> tuple[Series, ...]:
    """The counters of OOM kills: of containers there, and of cgroups of no pod, such as units."""
    units = (
        one
        for one in readings.of(KILLS)
        if not one.labels.get("namespace") and not one.labels.get("pod")
    )
    return (*containers(readings, KILLS, namespaces), *units)


def counts_in(readings: Readings, counters: Iterable[Series]) -> Iterator[tuple[Series, float]]:
    """How much each of the counters counted while it was watched: see `counted_since`.

    One that its page lacked when that was first read on its node was not there then.
    """
    first: dict[tuple[str, str], int] = {}
    for one in readings.series:
        if len(one):
            page = (one.node, one.stream)
            first[page] = min(first.get(page, int(one.at_us[0])), int(one.at_us[0]))
    for one in counters:
        yield one, counted_since(one, first.get((one.node, one.stream), 0))


def component_of(series: Series) -> str:
    """KUBELET or RUNTIME for their units, `namespace/container` for a container, or empty."""
    labels = series.labels
    if labels.get("container"):
        return f"{labels.get('namespace')}/{labels['container']}"
    return next((name for name, units in _UNITS.items() if _unit(series) in units), "")


def name_of(series: Series) -> str:
    """What a series is of, for people: a unit, `container of namespace/pod`, or a cgroup."""
    labels = series.labels
    if labels.get("container"):
        return f"{labels['container']} of {labels.get('namespace')}/{labels.get('pod')}"
    if labels.get("pod"):
        return f"{labels.get('namespace')}/{labels['pod']}"
    return _unit(series) or labels.get("id", "") or "the node"


def joined(series: Iterator[Series] | tuple[Series, ...]) -> dict[str, Series]:
    """One series for each node, of all that there are of it, in the order of time."""
    by_node: dict[str, list[Series]] = {}
    for one in series:
        if len(one):
            by_node.setdefault(one.node, []).append(one)
    return {node: _merged(parts) for node, parts in by_node.items()}


def _merged(parts: list[Series]) -> Series:
    at_us = np.concatenate([one.at_us for one in parts])
    value = np.concatenate([one.value for one in parts])
    order = np.argsort(at_us, kind="stable")
    first = parts[0]
    return Series(first.metric, first.node, first.labels, at_us[order], value[order])


def _unit(series: Series) -> str:
    return series.labels.get("id", "").rpartition("/")[2]
