"""The kubelet of one node: watches its pods, runs them, and reports what became of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.ending import end_tasks, report_crash
from upgrade_e2e_simulator.node.limits import TokenBucket
from upgrade_e2e_simulator.node.node import Node
from upgrade_e2e_simulator.node.registration import Registration
from upgrade_e2e_simulator.node.reporting import Reporter, is_mirror
from upgrade_e2e_simulator.node.static_pods import StaticPods
from upgrade_e2e_simulator.node.worker import PodWorker
from upgrade_e2e_simulator.store import Change, Object, name_of
from upgrade_e2e_simulator.version import KubeVersion

__all__ = ["Kubelet"]


class Kubelet:
    """Its pods go on while it is stopped; it takes them up again when it is started."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._limited: Client = node.client
        self._reporter: Reporter | None = None
        self._workers: dict[str, PodWorker] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        self.static = StaticPods(node, node.client, self._changed)
        self._running = False

    def start(self, version: KubeVersion, back_off_s: float = 0.0) -> None:
        """Begin to work, as a kubelet of that version; `back_off_s` is for its static pods."""
        bucket = TokenBucket(self.node.parameters.kubelet)
        self._limited = self.node.client.limited(bucket.take)
        self._reporter = Reporter(self._limited, self.node.parameters.api)
        self._running = True
        self.static.adopt(str(version), back_off_s)
        registration = Registration(self.node, self.node.client, version)
        for work in (self._reporter.run(), registration.run(), self.static.run()):
            task = asyncio.create_task(work, name=f"kubelet of {self.node.name}")
            task.add_done_callback(report_crash)
            self._tasks.append(task)
        mine = [
            pod
            for pod in self.node.client.all_cached("pods")
            if pod["spec"].get("nodeName") == self.node.name
        ]
        there = {pod["metadata"]["uid"] for pod in mine}
        for worker in [item for uid, item in self._workers.items() if uid not in there]:
            self._drop(worker.pod)
        for pod in mine:
            self._see(pod)
        for worker in [*self._workers.values()]:
            self._changed(worker)

    async def stop(self) -> None:
        """Stop working; pods go on."""
        self._running = False
        await end_tasks(self._tasks)
        self._tasks.clear()

    async def vanish(self) -> None:
        """Stop, and end all pods without a word, as when the simulator ends."""
        await self.stop()
        await self.static.vanish()
        for worker in self._workers.values():
            await worker.vanish()

    def notice(self, change: Change) -> None:
        """A pod of this node has changed in the API."""
        if not self._running:
            return
        if change.gone:
            self._drop(change.new)
        else:
            self._see(change.new)

    def log_file(self, pod: Object, container: str) -> Path | None:
        """Where a container's output is; None while there is none."""
        if is_mirror(pod):
            worker = self.static.named(name_of(pod))
        else:
            worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None:
            path: Path = self.node.folders.pod(pod["metadata"]["uid"]) / "logs" / f"{container}.log"
        else:
            path = worker.log_files(container)
        return path if path.exists() else None

    def _see(self, pod: Object) -> None:
        if is_mirror(pod):
            return
        meta = pod["metadata"]
        worker = self._workers.get(meta["uid"])
        if worker is None:
            if pod["status"].get("phase") in {"Succeeded", "Failed"}:
                return
            worker = self._workers[meta["uid"]] = PodWorker(self.node, pod, self._changed)
            worker.start()
        if "deletionTimestamp" in meta:
            worker.terminate(float(meta.get("deletionGracePeriodSeconds") or 0))
            if worker.over.is_set():
                self._changed(worker)

    def _drop(self, pod: Object) -> None:
        worker = self._workers.pop(pod["metadata"]["uid"], None)
        if worker is not None:
            worker.terminate(0.0)

    def _changed(self, worker: PodWorker) -> None:
        if self._reporter is not None:
            self._reporter.report(worker)
