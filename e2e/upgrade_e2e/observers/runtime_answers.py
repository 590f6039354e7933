"""Whether the container runtime of each node answers, and whether Ready says when it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.apiserver import readyz_probe
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, Probe, label_or_kind
from upgrade_e2e.observers.checks import check_label, check_positive_s, check_timeout, check_type
from upgrade_e2e.observers.churn import PodChurn
from upgrade_e2e.observers.kubelet_probes import kubelet_probe, kubelet_url
from upgrade_e2e.observers.ready_poll import ReadyPoll
from upgrade_e2e.observers.started_pods import StartedPods
from upgrade_e2e.timeline.kubelet_metrics import PLEG_METRICS

__all__ = ["RuntimeAnswers"]

_API_HZ = 5.0
_API_TIMEOUT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class RuntimeAnswers:
    """The container runtime of each node, seen from three sides.

    pleg@NODE                every `every_s` the node's own prober reads the kubelet's metrics: how
                             long ago it last got the list of its pods from the runtime (its PLEG)
    created-to-started@NODE  from a pod of `pods` that the API server has to the start of its
                             container (`startedAt`, in whole seconds, so up to 1 s too short)
    node_ready               every second, whether the API server calls each node Ready: readings

    For reference, at 5 Hz: api@host, GET /readyz, as of PodChurn. A `PodChurn` that is watched as
    well and equal to `pods` has the same pods; without one they are churned for this observer
    alone, on the nodes that a PodChurn uses. While the API server is away for more than two
    minutes a kubelet lets nobody read its metrics, because it cannot check who asks: that says
    nothing about its runtime. On a simulated cluster nothing is deployed: its nodes have no
    runtime. What was seen is weighed by `Runtimes`. Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "runtime"
    pods: PodChurn = field(default_factory=PodChurn)
    every_s: float = 5.0
    label: str = ""
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        check_type("RuntimeAnswers.pods", self.pods, PodChurn)
        check_positive_s("RuntimeAnswers.every_s", self.every_s)
        check_label("RuntimeAnswers.label", self.label)
        check_timeout("RuntimeAnswers.timeout_s", self.timeout_s)
        if (shared := label_or_kind(self)) == label_or_kind(self.pods):
            raise BadInput(
                f"a RuntimeAnswers and its pods are both called {shared!r}, so that what they saw "
                "could not be kept apart; give one of them another label."
            )

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self), pods=self.pods.labelled(label_of))

    def deploy(self, context: DeployContext) -> Parts:
        """Prepare the pods, where no other observer has; see Observer."""
        if context.simulated:
            return Parts()
        api = context.cluster.api
        kubelet = kubelet_url(context.cluster, "RuntimeAnswers")
        return Parts(
            host_probes=(readyz_probe(api, "api", _API_HZ, _API_TIMEOUT_S),),
            background_tasks=(
                StartedPods(self.pods.loop(context)),
                ReadyPoll(api, context.origin.now_s),
            ),
            own_node_probes=(self._pleg(kubelet),),
        )

    def _pleg(self, kubelet: str) -> Probe:
        return kubelet_probe(
            "pleg",
            f"{kubelet}/metrics",
            PLEG_METRICS,
            every_s=self.every_s,
            timeout_s=self.timeout_s,
        )
