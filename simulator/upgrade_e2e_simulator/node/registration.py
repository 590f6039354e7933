"""A kubelet's node object: registered at its start, kept alive by heartbeats."""

from __future__ import annotations

import asyncio
import platform
from contextlib import suppress

from upgrade_e2e_simulator.api.client import TRANSIENT, Client
from upgrade_e2e_simulator.api.status import StatusError
from upgrade_e2e_simulator.api.times import micro_now, now
from upgrade_e2e_simulator.node.node import Node
from upgrade_e2e_simulator.store import Object
from upgrade_e2e_simulator.version import KubeVersion

__all__ = ["Registration"]

_LEASES = "leases.coordination.k8s.io"
_ROLE = "node-role.kubernetes.io/control-plane"
_PAUSE = "registry.k8s.io/pause:3.10"
_RETRY_S = 0.1
_LEASE_S = 40


class Registration:
    """Writes the node's object and lease. It is not rate limited, as in the real kubelet."""

    def __init__(self, node: Node, client: Client, version: KubeVersion) -> None:
        self._node = node
        self._client = client
        self._version = version

    async def run(self) -> None:
        """Register, then send heartbeats, for ever."""
        while not await self._try_register():
            await asyncio.sleep(_RETRY_S)
        while True:
            await asyncio.sleep(self._node.parameters.kubelet.heartbeat_s)
            with suppress(*TRANSIENT):
                await self._renew()

    async def _try_register(self) -> bool:
        try:
            if self._client.cached("nodes", "", self._node.name) is None:
                await self._client.create("nodes", self._node_object())
            await self._renew()
        except TRANSIENT:
            return False
        return True

    async def _renew(self) -> None:
        node = await self._client.get("nodes", "", self._node.name)
        status = {**node["status"], **self._status(node)}
        if _differ(status, node["status"]):
            await self._client.put_status("nodes", node, status)
        await self._renew_lease()

    async def _renew_lease(self) -> None:
        spec = {
            "holderIdentity": self._node.name,
            "leaseDurationSeconds": _LEASE_S,
            "renewTime": micro_now(),
        }
        meta = {"name": self._node.name, "namespace": "kube-node-lease"}
        lease = self._client.cached(_LEASES, meta["namespace"], meta["name"])
        if lease is None:
            with suppress(StatusError):
                await self._client.create(_LEASES, {"metadata": meta, "spec": spec})
        else:
            await self._client.change(_LEASES, lease, lambda live: {**live, "spec": spec})

    def _node_object(self) -> Object:
        labels = {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": self._node.name,
            "kubernetes.io/os": "linux",
        }
        spec: Object = {
            "podCIDR": str(self._node.addresses.network),
            "podCIDRs": [str(self._node.addresses.network)],
            "providerID": f"sim://{self._node.name}",
        }
        if self._node.control_plane:
            labels[_ROLE] = ""
            spec["taints"] = [{"key": _ROLE, "effect": "NoSchedule"}]
        return {"metadata": {"name": self._node.name, "labels": labels}, "spec": spec}

    def _status(self, node: Object) -> Object:
        resources = {
            "cpu": "2",
            "memory": "8Gi",
            "ephemeral-storage": "100Gi",
            "pods": str(min(110, self._node.addresses.capacity)),
        }
        return {
            "addresses": [
                {"type": "InternalIP", "address": self._node.ip},
                {"type": "Hostname", "address": self._node.name},
            ],
            "capacity": resources,
            "allocatable": resources,
            "conditions": _conditions(node["status"].get("conditions") or []),
            "images": [{"names": [_PAUSE], "sizeBytes": 1}],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "simulated",
                "containerRuntimeVersion": "sim://1",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": str(self._version),
                "machineID": "simulated",
                "operatingSystem": "linux",
                "osImage": "Simulated Linux",
                "systemUUID": node["metadata"]["uid"],
            },
        }


_HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID"),
    ("Ready", "True", "KubeletReady"),
)


def _conditions(known: list[Object]) -> list[Object]:
    before = {item["type"]: item for item in known}
    return [_condition(before.get(kind), kind, held, why) for kind, held, why in _HEALTHY]


def _condition(before: Object | None, kind: str, held: str, why: str) -> Object:
    same = before is not None and before["status"] == held
    since = before["lastTransitionTime"] if before is not None and same else now()
    return {
        "type": kind,
        "status": held,
        "reason": why,
        "message": "kubelet is posting ready status" if kind == "Ready" else "",
        "lastHeartbeatTime": now(),
        "lastTransitionTime": since,
    }


def _differ(new: Object, old: Object) -> bool:
    """Whether there is news but for the heartbeat time, which the lease carries."""

    def plain(status: Object) -> Object:
        conditions = [{**item, "lastHeartbeatTime": ""} for item in status.get("conditions") or ()]
        return {**status, "conditions": conditions}

    return plain(new) != plain(old)
