"""The kubelet's status manager: pod statuses to the API, one after another, at its rate limit."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.gate import ServerDown
from upgrade_e2e_simulator.api.status import StatusError
from upgrade_e2e_simulator.node.pod_status import with_foreign_conditions
from upgrade_e2e_simulator.node.worker import PodWorker
from upgrade_e2e_simulator.parameters import ApiParameters
from upgrade_e2e_simulator.store import Object, name_of, namespace_of

__all__ = ["Reporter", "is_mirror"]

_HASH = "kubernetes.io/config.hash"


class Reporter:
    """Reports the newest status of each pod that has changed.

    As the kubelet's: a report is a GET and a PATCH, both of them through the rate limit; a pod
    that was deleted and is over is reported, then deleted for good.
    """

    def __init__(self, client: Client, parameters: ApiParameters) -> None:
        self._client = client
        self._parameters = parameters
        self._waiting: dict[str, PodWorker] = {}
        self._wake = asyncio.Event()

    def report(self, worker: PodWorker) -> None:
        """There is something new to say about this pod."""
        self._waiting[worker.pod["metadata"]["uid"]] = worker
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                uid = next(iter(self._waiting))
                await self._report_one(self._waiting.pop(uid))

    async def _report_one(self, worker: PodWorker) -> None:
        try:
            await self._send(worker)
        except ServerDown:
            await self._later(worker)
        except StatusError as error:
            if error.code not in {404, 409} or (error.code == 409 and self._is_there(worker.pod)):
                await self._later(worker)

    async def _later(self, worker: PodWorker) -> None:
        self._waiting.setdefault(worker.pod["metadata"]["uid"], worker)
        self._wake.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(
                self._client.gate.serving.wait(), self._parameters.request_timeout_s
            )
        await asyncio.sleep(self._parameters.reconnect_s)

    async def _send(self, worker: PodWorker) -> None:
        pod = worker.pod
        live = await self._client.get("pods", namespace_of(pod), name_of(pod))
        if not _is_of(worker, live):
            return
        over = worker.over.is_set()
        status = with_foreign_conditions(worker.status, live)
        await self._client.put_status("pods", live, status)
        if over and "deletionTimestamp" in live["metadata"] and not is_mirror(live):
            await self._client.delete("pods", live, grace_s=0)

    def _is_there(self, pod: Object) -> bool:
        live = self._client.cached("pods", namespace_of(pod), name_of(pod))
        return live is not None and live["metadata"]["uid"] == pod["metadata"]["uid"]


def _is_of(worker: PodWorker, live: Object) -> bool:
    """Whether the API's pod is this worker's: the same uid, or a mirror of the same manifest."""
    meta = worker.pod["metadata"]
    if not is_mirror(live):
        return bool(live["metadata"]["uid"] == meta["uid"])
    return bool(
        live["metadata"]["annotations"].get(_HASH) == (meta.get("annotations") or {}).get(_HASH)
    )


def is_mirror(pod: Object) -> bool:
    """Whether the API's pod only mirrors a static pod."""
    return "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {})
