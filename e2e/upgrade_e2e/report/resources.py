"""What nodes and their components used, and what was left of each node: part of the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Views
from upgrade_e2e.judge.growth import MIB
from upgrade_e2e.judge.node_usage import WATCHED
from upgrade_e2e.judge.programs import (
    KUBELET,
    RUNTIME,
    component_of,
    containers,
    joined,
    memory_of,
)
from upgrade_e2e.judge.reading_figures import increase, largest
from upgrade_e2e.observers.resource_watch import ALLOCATABLE, REQUESTED
from upgrade_e2e.report.strains import NODE, Strains
from upgrade_e2e.timeline import Readings, Series

__all__ = ["ComponentUse", "Resources", "SlackRow", "resources_of"]

_USED = {"cpu": "node_cpu_usage_seconds_total", "memory": "node_memory_working_set_bytes"}
_EDGE_S = 60.0
"""Own choice: the use of CPU before and after is that of the first and of the last minute."""
Pair = tuple[float | None, float | None]


@dataclass(frozen=True)
class SlackRow:
    """One resource of one node at the two ends of the watched window: cores, or bytes of memory.

    `resource` is `cpu` or `memory`. None where it was not read, such as of a node that came later.
    """

    node: str
    resource: str
    allocatable: Pair
    requested: Pair
    used: Pair


@dataclass(frozen=True)
class ComponentUse:
    """What a component used on a node: at most, and for CPU on average while it was watched.

    Memory of a program of the node is anonymous memory, that of a container its working set.
    `heap_mib` is what a Go program uses of its heap. `throttled_share` is the share of its CFS
    periods in which a container with a CPU limit waited, in the worst five minutes. None where it
    is not published. Kills are those of the watched time. Kubelets evict from a whole node: it is
    among the components, with its working set, as NODE of strains.py.
    """

    node: str
    component: str
    memory_mib: float
    heap_mib: float | None = None
    cpu_cores: float | None = None
    throttled_share: float | None = None
    oom_kills: int = 0
    evictions: int | None = None


@dataclass(frozen=True)
class Resources:
    """The resources of a pass."""

    slack: tuple[SlackRow, ...] = ()
    components: tuple[ComponentUse, ...] = ()


def resources_of(views: Views) -> Resources | None:
    """What a NodeResources of the pass read; None where there was none, or it read nothing."""
    for name, readings in sorted(views.timeline.readings.items()):
        if any(readings.of(metric) for metric in (REQUESTED, *_USED.values())):
            try:
                seen = views.of(name).readings
            except Inconclusive:
                continue
            return Resources(tuple(_slack(seen)), tuple(_components(seen)))
    return None


def _slack(readings: Readings) -> Iterator[SlackRow]:
    nodes = sorted({one.node for metric in _USED.values() for one in readings.of(metric)})
    for node in nodes:
        for resource, metric in _USED.items():
            yield SlackRow(
                node=node,
                resource=resource,
                allocatable=_ends(readings.of(ALLOCATABLE, node=node, resource=resource)),
                requested=_ends(readings.of(REQUESTED, node=node, resource=resource)),
                used=_used(joined(readings.of(metric, node=node)).get(node), resource),
            )


def _ends(series: Iterable[Series]) -> Pair:
    """The first value and the last; one that was read only once is one of the two ends."""
    found = next((one for one in series if len(one)), None)
    if found is None:
        return None, None
    return float(found.value[0]), float(found.value[-1]) if len(found) > 1 else None


def _used(series: Series | None, resource: str) -> Pair:
    if series is None:
        return None, None
    if resource == "memory":
        return float(series.value[0]), float(series.value[-1])
    edge_us = round(_EDGE_S * 1e6)
    return (
        _rate(series, series.at_us <= series.at_us[0] + edge_us),
        _rate(series, series.at_us >= series.at_us[-1] - edge_us),
    )


def _rate(series: Series, which: npt.NDArray[np.bool_]) -> float | None:
    """How much a counter counted for each second among the readings that are `which`."""
    part = Series(
        series.metric, series.node, series.labels, series.at_us[which], series.value[which]
    )
    if len(part) < 2:
        return None
    return increase(part) / max(float(part.at_us[-1] - part.at_us[0]) / 1e6, 1e-6)


def _components(readings: Readings) -> Iterator[ComponentUse]:
    strains = Strains.of(readings)
    yield from _whole_nodes(readings, strains)
    for component in (KUBELET, RUNTIME):
        for memory in memory_of(component, readings):
            mine = component == KUBELET
            yield ComponentUse(
                node=memory.node,
                component=component,
                memory_mib=memory.largest / MIB,
                heap_mib=_most(readings, "go_memstats_heap_inuse_bytes", memory.node, mine),
                cpu_cores=_cpu_of_kubelet(readings, memory.node) if mine else None,
                oom_kills=strains.oom_kills.get((memory.node, component), 0),
            )
    yield from _containers(readings, strains)


def _whole_nodes(readings: Readings, strains: Strains) -> Iterator[ComponentUse]:
    for node, series in sorted(joined(readings.of(_USED["memory"])).items()):
        cpu = joined(readings.of(_USED["cpu"], node=node)).get(node)
        yield ComponentUse(
            node=node,
            component=NODE,
            memory_mib=float(series.value.max()) / MIB,
            cpu_cores=None if cpu is None else _rate(cpu, np.ones(len(cpu), bool)),
            oom_kills=strains.oom_kills.get((node, NODE), 0),
            evictions=strains.evictions.get((node, NODE), 0),
        )


def _most(readings: Readings, metric: str, node: str, mine: bool) -> float | None:
    found = readings.of(metric, node=node) if mine else ()
    return largest(found) / MIB if found else None


def _cpu_of_kubelet(readings: Readings, node: str) -> float | None:
    series = joined(readings.of("process_cpu_seconds_total", node=node)).get(node)
    return None if series is None else _rate(series, np.ones(len(series), bool))


def _containers(readings: Readings, strains: Strains) -> Iterator[ComponentUse]:
    """By node and name of the container: of pods that replaced one another, the largest memory."""
    memory: dict[tuple[str, str], float] = {}
    for one in containers(readings, "container_memory_working_set_bytes", WATCHED):
        key = (one.node, component_of(one))
        memory[key] = max(memory.get(key, 0.0), float(one.value.max()))
    cpu: dict[tuple[str, str], float] = {}
    for one in containers(readings, "container_cpu_usage_seconds_total", WATCHED):
        used = _rate(one, np.ones(len(one), bool))
        key = (one.node, component_of(one))
        cpu[key] = max(cpu.get(key, 0.0), used or 0.0)
    killed = {where for where in strains.oom_kills if "/" in where[1]}  # perhaps never read
    for node, name in sorted({*memory, *killed}):
        yield ComponentUse(
            node=node,
            component=name,
            memory_mib=memory.get((node, name), 0.0) / MIB,
            cpu_cores=cpu.get((node, name)),
            throttled_share=strains.throttled.get((node, name)),
            oom_kills=strains.oom_kills.get((node, name), 0),
        )
