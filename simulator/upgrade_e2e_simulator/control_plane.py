"""The four static pods of a control plane, as components that really stop and start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from upgrade_e2e_simulator.api.gate import Gate
from upgrade_e2e_simulator.api.server import ApiServer
from upgrade_e2e_simulator.controllers.controller import Controller
from upgrade_e2e_simulator.parameters import ControllerParameters
from upgrade_e2e_simulator.version import KubeVersion

__all__ = ["ApiServerComponent", "ControllersComponent", "EtcdComponent"]


class EtcdComponent:
    """The storage: while it is down, requests that need it wait, then fail."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def start(self) -> None:
        """See Component."""
        self._gate.storage.set()

    async def stop(self) -> None:
        """See Component."""
        self.kill()

    def kill(self) -> None:
        """See Component."""
        self._gate.storage.clear()


class ApiServerComponent:
    """The API server: its sockets close when it stops."""

    def __init__(
        self, server: ApiServer, addresses: Sequence[tuple[str, int]], version: KubeVersion
    ) -> None:
        self._server = server
        self._addresses = addresses
        self._version = version
        self._killing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See Component."""
        await self._server.start(self._addresses, self._version)

    async def stop(self) -> None:
        """See Component: it uses its whole grace, since watches are not drained."""
        await self._server.stop(self._server.gate.parameters.grace_s)

    def kill(self) -> None:
        """See Component."""
        self._killing = asyncio.create_task(self._server.stop(0.0))


class ControllersComponent:
    """Controllers, or the scheduler: they begin once they lead."""

    def __init__(
        self, make: Callable[[], Sequence[Controller]], parameters: ControllerParameters
    ) -> None:
        self._make = make
        self._parameters = parameters
        self._controllers: Sequence[Controller] = ()
        self._killing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See Component."""
        await asyncio.sleep(self._parameters.elect_s)
        self._controllers = self._make()
        for controller in self._controllers:
            controller.start()

    async def stop(self) -> None:
        """See Component."""
        for controller in self._controllers:
            await controller.stop()
        self._controllers = ()

    def kill(self) -> None:
        """See Component."""
        self._killing = asyncio.create_task(self.stop())
