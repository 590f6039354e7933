"""What lies between a caller and the store: is the server there, frozen, and its etcd reachable."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from upgrade_e2e_simulator.api.status import gateway_timeout
from upgrade_e2e_simulator.parameters import ApiParameters

__all__ = ["Gate", "ServerDown"]


class ServerDown(ConnectionError):
    """There is no API server to talk to."""


class Gate:
    """Open when the API server serves, is not frozen, and reaches its storage."""

    def __init__(self, parameters: ApiParameters) -> None:
        self.parameters = parameters
        self.serving = asyncio.Event()
        self.storage = asyncio.Event()
        self.thawed = asyncio.Event()
        self.thawed.set()
        self._started_at = float("-inf")

    def opened(self) -> None:
        """The server has begun to serve."""
        self._started_at = time.monotonic()
        self.serving.set()

    def closed(self) -> None:
        """The server has gone."""
        self.serving.clear()

    @property
    def rbac_loaded(self) -> bool:
        """Whether a server that has just started knows its roles already."""
        return time.monotonic() - self._started_at >= self.parameters.rbac_load_s

    async def freeze(self, for_s: float) -> None:
        """Answer nothing for that long, as a stopped process: sockets stay open."""
        self.thawed.clear()
        await asyncio.sleep(for_s)
        self.thawed.set()

    async def stall(self, for_s: float) -> None:
        """Let the storage answer nothing for that long, as a stopped etcd."""
        was_up = self.storage.is_set()
        self.storage.clear()
        await asyncio.sleep(for_s)
        if was_up:
            self.storage.set()

    async def reach_storage(self) -> None:
        """Wait for the storage; 504 when it does not answer within the request timeout."""
        if self.storage.is_set():
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self.storage.wait(), self.parameters.request_timeout_s)
            return
        raise gateway_timeout("etcdserver: request timed out")

    async def pass_component(self) -> None:
        """The way of a component inside the cluster. Raises ServerDown and StatusError 504."""
        if not self.serving.is_set():
            raise ServerDown("connect: connection refused")
        await self.thawed.wait()
        await self.reach_storage()
