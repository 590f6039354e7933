"""Static pods: those that a kubelet runs from manifests on its node, and mirrors into the API."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress

from upgrade_e2e_simulator.api.client import TRANSIENT, Client
from upgrade_e2e_simulator.api.defaults import default
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.controllers.pods import is_ready
from upgrade_e2e_simulator.node.node import Node
from upgrade_e2e_simulator.node.worker import PodWorker
from upgrade_e2e_simulator.store import Object, name_of
from upgrade_e2e_simulator.store.objects import copy_of

__all__ = ["StaticPods"]

_MIRROR_EVERY_S = 0.1
_HASH = "kubernetes.io/config.hash"


class StaticPods:
    """Runs the manifests of one node. A changed manifest ends its pod and, later, starts again."""

    def __init__(self, node: Node, client: Client, changed: Callable[[PodWorker], None]) -> None:
        self._node = node
        self._client = client
        self._changed = changed
        self._workers: dict[str, PodWorker] = {}
        self._moves: dict[str, asyncio.Task[None]] = {}
        self._manifests: dict[str, Object] = {}
        self._version = ""

    def put(self, manifest: Object, back_off_s: float) -> None:
        """Run this manifest; the kubelet waits `back_off_s` between the old pod and the new."""
        pod = self._pod(manifest)
        name = name_of(pod)
        self._manifests[name] = manifest
        running = self._workers.get(name)
        if running is not None and _hash(running.pod) == _hash(pod):
            return
        if name in self._moves:
            self._moves[name].cancel()
        self._moves[name] = asyncio.create_task(self._move(name, pod, back_off_s))

    def adopt(self, version: str, back_off_s: float) -> None:
        """A kubelet of `version` takes over: one of another version restarts every static pod."""
        self._version = version
        for manifest in list(self._manifests.values()):
            self.put(manifest, back_off_s)

    @property
    def settled(self) -> bool:
        """Whether each pod runs its newest manifest, and the API shows it Ready."""
        moving = any(not move.done() for move in self._moves.values())
        return not moving and all(self._is_shown(worker) for worker in self._workers.values())

    def _is_shown(self, worker: PodWorker) -> bool:
        live = self._client.cached("pods", "kube-system", name_of(worker.pod))
        return live is not None and _hash(live) == _hash(worker.pod) and is_ready(live)

    def named(self, name: str) -> PodWorker | None:
        """The worker of the static pod that mirrors under this name."""
        return self._workers.get(name)

    async def _move(self, name: str, pod: Object, back_off_s: float) -> None:
        old = self._workers.get(name)
        if old is not None:
            old.terminate(float(old.pod["spec"]["terminationGracePeriodSeconds"]))
            await old.over.wait()
            await asyncio.sleep(back_off_s)
        worker = self._workers[name] = PodWorker(self._node, pod, self._changed)
        worker.start()

    async def run(self) -> None:
        """Keep the mirrors in the API as the pods are, for ever."""
        while True:
            for worker in list(self._workers.values()):
                with suppress(*TRANSIENT):
                    await self._mirror(worker)
            await asyncio.sleep(_MIRROR_EVERY_S)

    async def _mirror(self, worker: PodWorker) -> None:
        pod = worker.pod
        live = self._client.cached("pods", "kube-system", name_of(pod))
        if live is not None and _hash(live) == _hash(pod):
            return
        if live is not None:
            await self._client.delete("pods", live, grace_s=0)
        meta = {key: value for key, value in pod["metadata"].items() if key != "uid"}
        await self._client.create("pods", {**pod, "metadata": meta})
        self._changed(worker)

    def _pod(self, manifest: Object) -> Object:
        pod: Object = copy_of(manifest)
        text = json.dumps([manifest, self._node.name, self._version], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        meta = pod["metadata"]
        meta["name"] = f"{meta['name']}-{self._node.name}"
        meta["namespace"] = "kube-system"
        meta["uid"] = digest
        meta["annotations"] = {
            _HASH: digest,
            "kubernetes.io/config.mirror": digest,
            "kubernetes.io/config.seen": now(),
            "kubernetes.io/config.source": "file",
        }
        pod["spec"]["nodeName"] = self._node.name
        pod["spec"]["hostNetwork"] = True
        pod["spec"]["automountServiceAccountToken"] = False
        default("pods", pod)
        return pod

    async def vanish(self) -> None:
        """End all, as when the simulator ends."""
        for move in self._moves.values():
            move.cancel()
        for worker in self._workers.values():
            await worker.vanish()


def _hash(pod: Object) -> str:
    return str((pod["metadata"].get("annotations") or {}).get(_HASH, ""))
