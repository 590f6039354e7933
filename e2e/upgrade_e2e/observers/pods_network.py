"""New pods that try their network from their first moment on, on old nodes and on new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from upgrade_e2e.cluster import retry_api
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers.apiserver import readyz_probe
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, label_or_kind
from upgrade_e2e.observers.checks import check_label, check_positive_s, check_timeout
from upgrade_e2e.observers.churn import churned_nodes, haste
from upgrade_e2e.observers.knock_loop import KnockLoop
from upgrade_e2e.observers.knock_pods import (
    API_SERVICE,
    KnockPods,
    NodeClient,
    Peers,
    peer_daemon_set,
)
from upgrade_e2e.observers.knock_turns import Paces
from upgrade_e2e.observers.objects import config_map

__all__ = ["NewPodsNetwork"]

_API_HZ = 5.0
_API_TIMEOUT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class NewPodsNetwork:
    """Every `every_s` one pod on each worker tries its network every 10 ms until it has it.

    For 60 s after a node's kubelet has started, pods come every `early_every_s`. For a node that is
    new three come when it is seen, three when it is Ready, and then one every `new_every_s`. They
    are bound by the scheduler, so that taints keep them off as they do others. On a single node
    pods come three times as often, so that a pass gives enough samples. Streams that follow events,
    so their interval is 0:
    start@NODE      from when a pod is seen bound to its node to the start of its process
    clusterip@NODE  TCP to the API's ClusterIP
    dns@NODE        one query of the cluster's DNS
    peer@NODE       TCP to a pod on another node; none where there is one node only
    gateway@NODE    TCP to the pod's own gateway: any answer, also a refusal, shows that it is there
    The last four are how long a pod was without, since its process started: 0 but for the try
    itself where the first try was answered. Pods that started within 60 s of their node's kubelet
    have streams of their own, `clusterip-early@NODE`, and those on a node that is new as well,
    `clusterip-new@NODE`. A new node is one that came during the pass; a kubelet has started when
    its node became Ready for the first time, reports another version, or says so in an event.
    For reference, at 5 Hz: api@host, GET /readyz. While it fails, nothing answers at the ClusterIP.
    A pod gives up after `timeout_s`. On a simulated cluster nothing is deployed: it has no network
    that comes up. Pods, and the ConfigMap that owns them, are named after `label`. Raises BadInput
    for values that cannot work.
    """

    kind: ClassVar[str] = "network"
    sees_new_nodes: ClassVar[bool] = True
    every_s: float = 15.0
    early_every_s: float = 10.0
    new_every_s: float = 3.0
    label: str = ""
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        check_positive_s("NewPodsNetwork.every_s", self.every_s)
        check_positive_s("NewPodsNetwork.early_every_s", self.early_every_s)
        check_positive_s("NewPodsNetwork.new_every_s", self.new_every_s)
        check_label("NewPodsNetwork.label", self.label)
        check_timeout("NewPodsNetwork.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Apply the fixed pods that others try to reach, and prepare the loop; see Observer."""
        if context.simulated:
            return Parts()
        label, api = label_or_kind(self), context.cluster.api
        nodes = _open_nodes(context)
        if not nodes:
            raise E2eError(
                "no node takes the pods that try their network: each has a taint of its own; "
                "leave this scenario out, or remove the taint of a node."
            )
        owner = context.apply(config_map(context, label, {}))
        context.apply(peer_daemon_set(context, label))
        client = KnockPods(
            context=context,
            image=context.images.agent,
            label=label,
            owner={"name": label, "uid": owner["metadata"]["uid"]},
            service=retry_api(lambda: api.get_json(API_SERVICE)),
            give_up_s=self.timeout_s,
        )
        knock_loop = KnockLoop(
            client=client,
            watching=NodeClient(context),
            peers=Peers(context, label),
            nodes=nodes,
            paces=Paces(self.every_s / haste(context), self.early_every_s, self.new_every_s),
            timeout_s=self.timeout_s,
        )
        return Parts(
            host_probes=(readyz_probe(api, "api", _API_HZ, _API_TIMEOUT_S),),
            background_tasks=(knock_loop,),
        )


def _open_nodes(context: DeployContext) -> tuple[str, ...]:
    """The nodes on which pods churn, as far as they take pods that tolerate nothing of theirs."""
    prefix, room = f"{context.cluster.name}-", context.room
    return tuple(
        name
        for name in churned_nodes(context)
        if not room.nodes or name.removeprefix(prefix) in room.usable
    )
