"""The simulator's control socket: one JSON request per line, one JSON answer per line.

The owner of the folder owns the cluster; the socket is readable by its owner only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from upgrade_e2e_simulator.errors import BadInput
from upgrade_e2e_simulator.unix import is_served, listen

__all__ = ["READY_FILE", "ControlServer", "require_unused"]

READY_FILE = "simulator.json"
"""Written once the cluster serves; says where it is."""
_SOCKET = "control.sock"
_LIMIT = 1 << 20
_CONNECT_S = 2.0

Handler = Callable[[Mapping[str, Any]], Awaitable[Any]]


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
        except (BadInput, LookupError, ValueError, TypeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}


def require_unused(folder: Path) -> None:
    """Raise BadInput when a simulator serves `folder` already; clear what a dead one left."""
    if is_served(folder, _SOCKET, _CONNECT_S):
        raise BadInput(f"a simulator already runs in {folder}; end it, or choose another --folder.")
    (folder / READY_FILE).unlink(missing_ok=True)
