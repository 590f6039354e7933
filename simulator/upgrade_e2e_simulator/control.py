"""The simulator's control socket: one JSON request a line, one JSON answer a line.

Whoever owns the folder owns the cluster; the socket is readable by its owner only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import ClusterGone, E2eError
from upgrade_e2e.providers.sim.unix import connect, listen

__all__ = ["READY_FILE", "ControlClient", "ControlServer", "SimulatorGone"]

READY_FILE = "simulator.json"
"""Written once the cluster serves; says where it is."""
_SOCKET = "control.sock"
_LIMIT = 1 << 20

Handler = Callable[[Mapping[str, Any]], Awaitable[Any]]


class SimulatorGone(ClusterGone):
    """The simulator does not answer: it ended or was killed."""


class ControlServer:
    """Hands each request to `handlers` by its `do`."""

    def __init__(self, folder: Path, handlers: Mapping[str, Handler]) -> None:
        self._folder = folder
        self._handlers = handlers
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listen(self._folder, _SOCKET), limit=_LIMIT
        )

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            return {"ok": await self._handlers[request["do"]](request)}
        except (E2eError, LookupError, ValueError, TypeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}


class ControlClient:
    """Asks the simulator whose folder this is; blocking, for the process that owns it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(self, do: str, timeout_s: float = 30.0, **facts: Any) -> Any:
        """Send one request and return the answer. Raises SimulatorGone, E2eError when refused."""
        request = json.dumps({"do": do, **facts}).encode() + b"\n"
        try:
            with (
                connect(self._folder, _SOCKET, timeout_s) as connection,
                connection.makefile("rb") as answers,
            ):
                connection.sendall(request)
                line = answers.readline()
        except OSError as error:
            raise SimulatorGone(
                f"the simulator in {self._folder} does not answer ({error}); it has ended, and "
                "with it the cluster. Its log is simulator.log there."
            ) from error
        if not line:
            raise SimulatorGone(
                f"the simulator in {self._folder} ended while it was asked to {do}."
            )
        answer = json.loads(line)
        if "error" in answer:
            raise E2eError(f"the simulator could not {do}: {answer['error']}")
        return answer["ok"]
