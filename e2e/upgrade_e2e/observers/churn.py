"""Pod churn: bursts of short-lived pods, to see whether pod status lags."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from upgrade_e2e.cluster import retry_api
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.apiserver import readyz_probe
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, label_or_kind
from upgrade_e2e.observers.checks import (
    check_count,
    check_label,
    check_positive_s,
    check_timeout,
)
from upgrade_e2e.observers.churn_loop import ChurnLoop
from upgrade_e2e.observers.objects import config_map
from upgrade_e2e.observers.pod_client import PodClient

__all__ = ["PodChurn", "churned_nodes", "haste", "pause_image"]

_API_HZ = 5.0
_API_TIMEOUT_S = 2.0
_AT_LEAST = 2
_HASTE_ALONE = 3.0
"""Measured: 54 samples in a pass over a single node, at the usual pace, where 100 are needed."""


@dataclass(frozen=True, kw_only=True)
class PodChurn:
    """Every `every_s`, `burst` pods are created on each worker and the ones before are deleted.

    Where watched workloads are let onto control planes, pods churn on two nodes at least, workers
    first. On a single node bursts come three times as often, so that a pass gives enough samples.
    Streams that follow events, so their interval is 0:
    started-to-ready@NODE  from the container's start (`startedAt`, whole seconds, so up to 1 s
                           too long, which is the stream's `clock_error_s`) until this process
                           sees the pod Ready in a watch
    deleted-to-gone@NODE   from the accepted deletion until the watch shows the pod gone
    For reference, at 5 Hz: api@host, GET /readyz. While it fails, the API is late, not a kubelet.
    What takes longer than `timeout_s` is a timeout. That is more than the 60 s after
    which a kubelet that lost the API watches again (client-go's reflector: back-off up to 30 s,
    jitter 1.0). No pods are created on cordoned nodes. The pods run the node's own pause image,
    which costs next to nothing. They and the ConfigMap that owns them are named after `label`.
    Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "churn"
    burst: int = 3
    every_s: float = 10.0
    label: str = ""
    timeout_s: float = 90.0

    def __post_init__(self) -> None:
        check_count("PodChurn.burst", self.burst)
        check_positive_s("PodChurn.every_s", self.every_s)
        check_label("PodChurn.label", self.label)
        check_timeout("PodChurn.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Find out the pause image and prepare the churn loop; see Observer."""
        return Parts(
            host_probes=(readyz_probe(context.cluster.api, "api", _API_HZ, _API_TIMEOUT_S),),
            background_tasks=(self.loop(context),),
        )

    def loop(self, context: DeployContext) -> ChurnLoop:
        """The pods that come and go: one loop for all who ask for equal ones in one pass."""
        return context.once(self, lambda: self._make_loop(context))

    def _make_loop(self, context: DeployContext) -> ChurnLoop:
        label = label_or_kind(self)
        owner = context.apply(config_map(context, label, {}))
        api = context.cluster.api
        nodes = retry_api(lambda: api.core.list_node(_request_timeout=api.timeout)).items
        names = churned_nodes(context)
        client = PodClient(
            context=context,
            image=pause_image(nodes, default=context.images.agent),
            label=label,
            owner={"name": label, "uid": owner["metadata"]["uid"]},
        )
        if not names:
            raise E2eError("pod churn needs a node to create pods on, and the cluster has none.")
        return ChurnLoop(
            client=client,
            nodes=tuple(names),
            burst=self.burst,
            every_s=self.every_s / context.pace / haste(context),
            timeout_s=self.timeout_s,
        )


def churned_nodes(context: DeployContext) -> list[str]:
    """The nodes on which pods come and go."""
    cluster = context.cluster
    nodes = cluster.workers or cluster.nodes
    if context.room.uses_control_planes:
        enough = max(_AT_LEAST, len(cluster.workers))
        nodes = (*cluster.workers, *cluster.control_planes)[:enough]
    return [node.name for node in nodes]


def haste(context: DeployContext) -> float:
    """How many times as often pods come where there is a single node."""
    return _HASTE_ALONE if len(context.cluster.nodes) == 1 else 1.0


def pause_image(nodes: Iterable[Any], default: str) -> str:
    """The pause image that most nodes have, so that nothing has to be pulled.

    Nodes report their fifty largest images only; where none reports it, `default` (which is run
    with `sleep`) must do.
    """
    counts: dict[str, int] = {}
    for node in nodes:
        names = {name for image in node.status.images or () for name in image.names or ()}
        for name in names:
            if name.partition("@")[0] == name and "/pause:" in name:
                counts[name] = counts.get(name, 0) + 1
    return max(sorted(counts), key=lambda name: counts[name], default=default)
