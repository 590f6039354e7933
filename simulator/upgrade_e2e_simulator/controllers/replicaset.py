"""ReplicaSets: as many pods as asked for."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.controllers.controller import Controller, Place, controller_of
from upgrade_e2e_simulator.controllers.pods import (
    available_in_s,
    is_active,
    is_available,
    is_ready,
    owned_by,
    pod_from,
)
from upgrade_e2e_simulator.parameters import KubeletParameters
from upgrade_e2e_simulator.store import Change, Object

__all__ = ["ReplicaSetController"]

_REPLICASETS = "replicasets.apps"


class ReplicaSetController(Controller):
    """Creates what is missing, deletes what is too much, counts what there is."""

    watches = (_REPLICASETS, "pods")
    resyncs = _REPLICASETS

    def __init__(self, client: Client, parameters: KubeletParameters) -> None:
        super().__init__(client)
        self._parameters = parameters

    def places(self, change: Change) -> Iterable[Place]:
        """The ReplicaSet, or the one that controls the pod."""
        if change.key.resource == _REPLICASETS:
            return [(change.key.namespace, change.key.name)]
        owner = controller_of(change.new)
        if owner is None or owner["kind"] != "ReplicaSet":
            return []
        return [(change.key.namespace, owner["name"])]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        live = self.client.cached(_REPLICASETS, namespace, name)
        if live is None:
            return
        if "deletionTimestamp" not in live["metadata"]:
            await self._adjust(live)
        await self._count(live)

    async def _adjust(self, replicaset: Object) -> None:
        pods = [pod for pod in owned_by(self.client, replicaset) if is_active(pod)]
        missing = replicaset["spec"]["replicas"] - len(pods)
        for _ in range(missing):
            pod = pod_from(replicaset["spec"]["template"], replicaset)
            await self.client.create("pods", pod)
        if missing < 0:
            for pod in sorted(pods, key=_worth)[:-missing]:
                await self.client.delete("pods", pod)

    async def _count(self, replicaset: Object) -> None:
        pods = [pod for pod in owned_by(self.client, replicaset) if is_active(pod)]
        min_ready_s = replicaset["spec"].get("minReadySeconds", 0) / self._parameters.pace
        available = sum(is_available(pod, min_ready_s) for pod in pods)
        status: Object = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "observedGeneration": replicaset["metadata"]["generation"],
        }
        if ready := sum(is_ready(pod) for pod in pods):
            status["readyReplicas"] = ready
        if available:
            status["availableReplicas"] = available
        await self.client.put_status(_REPLICASETS, replicaset, status)
        wait_s = available_in_s(pods, min_ready_s)
        if wait_s is not None:
            meta = replicaset["metadata"]
            self.enqueue_after((meta["namespace"], meta["name"]), wait_s)


def _worth(pod: Object) -> tuple[bool, bool, bool, float]:
    """Pods worth the least first: not placed, not running, not ready, youngest."""
    return (
        bool(pod["spec"].get("nodeName")),
        pod["status"].get("phase") == "Running",
        is_ready(pod),
        -int(pod["metadata"]["resourceVersion"]),
    )
