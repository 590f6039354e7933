"""Nodes: those that fall silent are NotReady and tainted; their pods leave when they must."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.times import now, seconds_since
from upgrade_e2e_simulator.controllers.controller import Controller, Place
from upgrade_e2e_simulator.controllers.placement import is_ready_node, tolerates
from upgrade_e2e_simulator.parameters import Parameters
from upgrade_e2e_simulator.store import Change, Object, name_of

__all__ = ["NodeLifecycleController"]

_LEASES = "leases.coordination.k8s.io"
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_NOT_READY = "node.kubernetes.io/not-ready"
_UNREACHABLE = "node.kubernetes.io/unreachable"
_OURS = frozenset({_UNSCHEDULABLE, _NOT_READY, _UNREACHABLE})


class NodeLifecycleController(Controller):
    """Watches heartbeats, sets taints, and evicts pods by their tolerations' seconds."""

    watches = ("nodes",)
    resyncs = "nodes"

    def __init__(self, client: Client, parameters: Parameters) -> None:
        super().__init__(client)
        self._parameters = parameters
        self._looking: asyncio.Task[None] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """See Controller."""
        super().start()
        self._started_at = asyncio.get_running_loop().time()
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """See Controller."""
        if self._looking is not None:
            self._looking.cancel()
        await super().stop()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._parameters.controllers.node_grace_s / 8)
            for node in self.client.all_cached("nodes"):
                self.enqueue(("", name_of(node)))

    def places(self, change: Change) -> Iterable[Place]:
        """The node."""
        return [] if change.gone else [("", change.key.name)]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        node = self.client.cached("nodes", namespace, name)
        if node is None:
            return
        if self._is_silent(name) and _condition_of(node) != "Unknown":
            node = await self._mark_unknown(node)
        await self._taint(node)
        await self._evict(node)

    def _is_silent(self, name: str) -> bool:
        """No lease renewed within the grace, which begins again when this controller starts."""
        grace_s = self._parameters.controllers.node_grace_s
        if asyncio.get_running_loop().time() - self._started_at < grace_s:
            return False
        lease = self.client.cached(_LEASES, "kube-node-lease", name)
        return lease is not None and seconds_since(lease["spec"]["renewTime"]) > grace_s

    async def _mark_unknown(self, node: Object) -> Object:
        def silent(condition: Object) -> Object:
            told = {
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
            }
            return {**condition, "status": "Unknown", "lastTransitionTime": now(), **told}

        conditions = [silent(item) for item in node["status"].get("conditions") or ()]
        status = {**node["status"], "conditions": conditions}
        return await self.client.put_status("nodes", node, status)

    async def _taint(self, node: Object) -> None:
        wanted = _taints(node)
        known = node["spec"].get("taints") or []
        foreign = [taint for taint in known if taint["key"] not in _OURS]
        ours = {(taint["key"], taint["effect"]): taint for taint in known if taint["key"] in _OURS}
        if set(ours) == set(wanted):
            return
        kept = [
            ours.get(pair) or {"key": pair[0], "effect": pair[1], "timeAdded": now()}
            for pair in wanted
        ]

        def tainted(live: Object) -> Object:
            spec = {key: value for key, value in live["spec"].items() if key != "taints"}
            taints = [*foreign, *kept]
            return {**live, "spec": {**spec, "taints": taints} if taints else spec}

        await self.client.change("nodes", node, tainted)

    async def _evict(self, node: Object) -> None:
        taints = [
            taint
            for taint in node["spec"].get("taints") or ()
            if taint["effect"] == "NoExecute" and taint["key"] in _OURS
        ]
        for taint in taints:
            for pod in list(self.client.all_cached("pods")):
                if pod["spec"].get("nodeName") == name_of(node) and self._must_go(pod, taint):
                    await self.client.delete("pods", pod)

    def _must_go(self, pod: Object, taint: Object) -> bool:
        if "deletionTimestamp" in pod["metadata"]:
            return False
        covering = [
            item for item in pod["spec"].get("tolerations") or () if tolerates([item], taint)
        ]
        if not covering:
            return True
        limits = [item.get("tolerationSeconds") for item in covering]
        bounded = [seconds for seconds in limits if seconds is not None]
        if len(bounded) < len(limits):
            return False
        pace = self._parameters.kubelet.pace
        silent_s = seconds_since(taint.get("timeAdded") or now())
        return bool(silent_s > min(bounded) / pace)


def _condition_of(node: Object) -> str:
    for item in node["status"].get("conditions") or ():
        if item["type"] == "Ready":
            return str(item["status"])
    return ""


def _taints(node: Object) -> list[tuple[str, str]]:
    wanted = []
    if node["spec"].get("unschedulable"):
        wanted.append((_UNSCHEDULABLE, "NoSchedule"))
    if not is_ready_node(node):
        key = _UNREACHABLE if _condition_of(node) == "Unknown" else _NOT_READY
        wanted += [(key, "NoSchedule"), (key, "NoExecute")]
    return wanted
