"""Memory, CPU and kills on each node, as the node's own kubelet publishes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from upgrade_e2e.observers.base import DeployContext, Observer, Parts, Probe, label_or_kind
from upgrade_e2e.observers.checks import check_label, check_positive_s, check_timeout
from upgrade_e2e.observers.kubelet_probes import kubelet_probe, kubelet_url
from upgrade_e2e.observers.resource_watch import ResourceWatch

__all__ = ["NodeResources"]

_PAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "kubelet": (
        "/metrics",
        (
            "process_start_time_seconds",
            "process_resident_memory_bytes",
            "process_cpu_seconds_total",
            "go_memstats_heap_inuse_bytes",
            "kubelet_running_pods",
            "kubelet_evictions",
        ),
    ),
    "node": (
        "/metrics/resource",
        (
            "node_cpu_usage_seconds_total",
            "node_memory_working_set_bytes",
            "container_cpu_usage_seconds_total",
        ),
    ),
    "cgroups": (
        "/metrics/cadvisor",
        (
            "container_memory_working_set_bytes",
            "container_memory_rss",
            "container_oom_events_total",
            "container_cpu_cfs_periods_total",
            "container_cpu_cfs_throttled_periods_total",
        ),
    ),
}
"""By name of the stream: where a kubelet publishes it, and the metrics that are kept."""
_LABELS = ("id", "namespace", "pod", "container", "eviction_signal")
_NOT_KEPT = ("container=pause",)
"""The pods of PodChurn come by the hundred, and their one container does nothing."""


@dataclass(frozen=True, kw_only=True)
class NodeResources:
    """What nodes and their components use, read every `every_s` from each node's own kubelet.

    Streams, each from an agent in the network of its node:
    kubelet@NODE  the kubelet's own figures: memory, heap, CPU, pods, evictions
    node@NODE     CPU and memory of the node, CPU of containers
    cgroups@NODE  what cAdvisor knows: memory, OOM kills and throttled CPU by cgroup
    From this machine the API is asked as often for containers that were OOM killed, for events of
    such kills and of evictions, and at both ends for what pods ask of each node. docs/resources.md
    says what each figure means. In a simulated cluster nothing is read.
    Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "resources"
    every_s: float = 10.0
    label: str = ""
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        check_positive_s("NodeResources.every_s", self.every_s)
        check_label("NodeResources.label", self.label)
        check_timeout("NodeResources.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Find out where kubelets answer; see Observer."""
        if context.simulated:
            return Parts()
        url = kubelet_url(context.cluster, "NodeResources")
        return Parts(
            own_node_probes=tuple(self._probes(url)),
            background_tasks=(ResourceWatch(context, label_or_kind(self), self.every_s),),
        )

    def _probes(self, kubelet: str) -> Iterator[Probe]:
        for name, (page, metrics) in _PAGES.items():
            yield kubelet_probe(
                name,
                f"{kubelet}{page}",
                metrics,
                every_s=self.every_s,
                timeout_s=self.timeout_s,
                more={"keep_labels": list(_LABELS), "drop": list(_NOT_KEPT)},
            )
