"""What probes and hooks do: an HTTP request, a connection, a command, a sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from upgrade_e2e_simulator.node.images import sleep_of
from upgrade_e2e_simulator.store import Object

__all__ = ["Actions"]

_HOOK_TIMEOUT_S = 10.0

Execute = Callable[[list[str]], Awaitable[int]]


class Actions:
    """Performs the actions of one container at `address`; `execute` runs a command in it."""

    def __init__(self, spec: Object, address: str, pace: float, execute: Execute) -> None:
        self._ports = {port.get("name"): port["containerPort"] for port in spec.get("ports") or ()}
        self._address = address
        self._pace = pace
        self._execute = execute

    async def probe(self, probe: Object) -> bool:
        """Whether a probe succeeds within its timeout (which is not paced: it is real work)."""
        try:
            async with asyncio.timeout(probe["timeoutSeconds"]):
                return await self._probe(probe)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            return False

    async def _probe(self, probe: Object) -> bool:
        if get := probe.get("httpGet"):
            return 200 <= await self._get(get) < 400
        if connect := probe.get("tcpSocket"):
            _, writer = await self._connect(connect)
            writer.close()
            return True
        if command := probe.get("exec"):
            return await self._command(command["command"]) == 0
        return False

    async def hook(self, hook: Object) -> None:
        """Perform a preStop or postStart hook; a hook that fails is as one that has ended."""
        if sleep := hook.get("sleep"):
            await asyncio.sleep(sleep["seconds"] / self._pace)
        elif command := hook.get("exec"):
            await self._command(command["command"])
        elif get := hook.get("httpGet"):
            with suppress(OSError, asyncio.IncompleteReadError, ValueError):
                async with asyncio.timeout(_HOOK_TIMEOUT_S):
                    await self._get(get)

    async def _command(self, argv: list[str]) -> int:
        seconds = sleep_of(argv)
        if seconds is None:
            return await self._execute(argv)
        await asyncio.sleep(seconds / self._pace)
        return 0

    async def _get(self, get: Object) -> int:
        reader, writer = await self._connect(get)
        try:
            host = get.get("host") or self._address
            headers = "".join(
                f"{item['name']}: {item['value']}\r\n" for item in get.get("httpHeaders") or ()
            )
            line = f"GET {get.get('path', '/')} HTTP/1.1\r\nHost: {host}\r\n"
            writer.write(
                f"{line}User-Agent: kube-probe\r\nConnection: close\r\n{headers}\r\n".encode()
            )
            status = await reader.readuntil(b"\r\n")
            return int(status.split(b" ")[1])
        except IndexError as error:
            raise ValueError("not an HTTP answer") from error
        finally:
            writer.close()

    async def _connect(self, where: Object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = where["port"]
        number = port if isinstance(port, int) else self._ports.get(port) or int(port)
        return await asyncio.open_connection(where.get("host") or self._address, number)
