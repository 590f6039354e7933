"""DaemonSets: one pod on each node that fits, replaced node by node when the template changes."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.controllers.controller import Controller, Place, controller_of
from upgrade_e2e_simulator.controllers.placement import fits, tolerates_all
from upgrade_e2e_simulator.controllers.pods import (
    is_active,
    is_available,
    is_ready,
    owned_by,
    pod_from,
    rounded,
    template_hash,
)
from upgrade_e2e_simulator.parameters import KubeletParameters
from upgrade_e2e_simulator.store import Change, Object, labels_of, name_of, namespace_of

__all__ = ["DaemonSetController"]

_DAEMONSETS = "daemonsets.apps"
_HASH = "controller-revision-hash"
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


class DaemonSetController(Controller):
    """Places its pods itself: each names its node."""

    watches = (_DAEMONSETS, "pods", "nodes")
    resyncs = _DAEMONSETS

    def __init__(self, client: Client, parameters: KubeletParameters) -> None:
        super().__init__(client)
        self._parameters = parameters

    def places(self, change: Change) -> Iterable[Place]:
        """The DaemonSet, the one that controls the pod, or all for a node that changed shape."""
        if change.key.resource == _DAEMONSETS:
            return [(change.key.namespace, change.key.name)]
        if change.key.resource == "nodes":
            if change.old is not None and not change.gone and _same_shape(change.old, change.new):
                return []
            sets = self.client.all_cached(_DAEMONSETS)
            return [(namespace_of(item), name_of(item)) for item in sets]
        owner = controller_of(change.new)
        if owner is None or owner["kind"] != "DaemonSet":
            return []
        return [(change.key.namespace, owner["name"])]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        live = self.client.cached(_DAEMONSETS, namespace, name)
        if live is None or "deletionTimestamp" in live["metadata"]:
            return
        digest = template_hash(live["spec"]["template"])
        wanted = {name_of(node) for node in self.client.all_cached("nodes") if _runs_on(live, node)}
        await self._place(live, digest, wanted)
        await self._replace(live, digest, wanted)
        await self._count(live, digest, wanted)

    def _pods(self, live: Object) -> dict[str, list[Object]]:
        by_node: dict[str, list[Object]] = {}
        for pod in owned_by(self.client, live):
            by_node.setdefault(str(pod["spec"].get("nodeName", "")), []).append(pod)
        return by_node

    async def _place(self, live: Object, digest: str, wanted: set[str]) -> None:
        pods = self._pods(live)
        for node in sorted(wanted):
            over = [pod for pod in pods.get(node, []) if _is_over(pod)]
            for pod in over:
                await self.client.delete("pods", pod)
            if not [pod for pod in pods.get(node, []) if not _is_over(pod)]:
                await self.client.create("pods", _pod(live, digest, node))
        for node in sorted(set(pods) - wanted):
            for pod in pods[node]:
                if "deletionTimestamp" not in pod["metadata"]:
                    await self.client.delete("pods", pod)

    async def _replace(self, live: Object, digest: str, wanted: set[str]) -> None:
        """Delete old pods while no more than maxUnavailable nodes are without an available one."""
        strategy = live["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return
        most = rounded(strategy["rollingUpdate"]["maxUnavailable"], len(wanted), up=True)
        pods = self._pods(live)
        min_ready_s = live["spec"].get("minReadySeconds", 0) / self._parameters.pace
        missing = [
            node
            for node in wanted
            if not any(
                is_active(pod) and is_available(pod, min_ready_s) for pod in pods.get(node, [])
            )
        ]
        allowed = max(1, most) - len(missing)
        for node in sorted(wanted):
            for pod in pods.get(node, []):
                if labels_of(pod).get(_HASH) == digest or not is_active(pod):
                    continue
                if node not in missing:
                    if allowed <= 0:
                        continue
                    allowed -= 1
                await self.client.delete("pods", pod)

    async def _count(self, live: Object, digest: str, wanted: set[str]) -> None:
        pods = self._pods(live)
        here = [pod for node in wanted for pod in pods.get(node, []) if is_active(pod)]
        min_ready_s = live["spec"].get("minReadySeconds", 0) / self._parameters.pace
        available = sum(is_available(pod, min_ready_s) for pod in here)
        status = {
            "currentNumberScheduled": len(here),
            "desiredNumberScheduled": len(wanted),
            "numberMisscheduled": 0,
            "numberReady": sum(is_ready(pod) for pod in here),
            "numberAvailable": available,
            "numberUnavailable": len(wanted) - available,
            "updatedNumberScheduled": sum(labels_of(pod).get(_HASH) == digest for pod in here),
            "observedGeneration": live["metadata"]["generation"],
        }
        await self.client.put_status(_DAEMONSETS, live, status)


def _is_over(pod: Object) -> bool:
    return pod["status"].get("phase") in {"Succeeded", "Failed"}


def _same_shape(old: Object, new: Object) -> bool:
    return bool(old["spec"] == new["spec"] and labels_of(old) == labels_of(new))


def _runs_on(live: Object, node: Object) -> bool:
    spec = {**live["spec"]["template"]["spec"]}
    spec["tolerations"] = [*(spec.get("tolerations") or ()), *_tolerations()]
    return fits(spec, node) and tolerates_all(spec, node)


def _tolerations() -> list[Object]:
    return [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]


def _pod(live: Object, digest: str, node: str) -> Object:
    pod = pod_from(live["spec"]["template"], live, {_HASH: digest})
    pod["spec"]["nodeName"] = node
    pod["spec"]["tolerations"] = [*(pod["spec"].get("tolerations") or ()), *_tolerations()]
    return pod
