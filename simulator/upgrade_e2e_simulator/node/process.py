"""The two kinds of process that a container can be: one of the machine, or a part of this one."""

from __future__ import annotations

import asyncio
import signal
from typing import Protocol

__all__ = ["Component", "InProcess", "Pause", "Process"]


class Process(Protocol):
    """Something that runs until it ends or is asked to."""

    async def wait(self) -> int:
        """The exit code, once it has ended."""

    def signal(self, number: int) -> None:
        """Send a signal; nothing when it has ended."""


class Component(Protocol):
    """A part of the simulator that runs as a container: the API server, a service proxy, ..."""

    async def start(self) -> None:
        """Come up."""

    async def stop(self) -> None:
        """Go down, at its own speed."""

    def kill(self) -> None:
        """Be gone at once."""


class Pause:
    """Does nothing."""

    async def start(self) -> None:
        """See Component."""

    async def stop(self) -> None:
        """See Component."""

    def kill(self) -> None:
        """See Component."""


class InProcess:
    """A component as a process: SIGTERM stops it, SIGKILL ends it."""

    def __init__(self, component: Component) -> None:
        self._component = component
        self._ended = asyncio.Event()
        self._code = 0
        self._life = asyncio.create_task(component.start())
        self._stopping: asyncio.Task[None] | None = None

    async def wait(self) -> int:
        """See Process. A component that cannot start ends with 1."""
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({ended, self._life}, return_when=asyncio.FIRST_COMPLETED)
            if self._life.done() and not self._life.cancelled() and self._life.exception():
                return 1
            await ended
        finally:
            ended.cancel()
        return self._code

    def signal(self, number: int) -> None:
        """See Process."""
        if self._ended.is_set():
            return
        if number == signal.SIGKILL:
            self._end(-number)
        elif number == signal.SIGTERM and self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        await asyncio.gather(self._life, return_exceptions=True)
        await self._component.stop()
        self._ended.set()

    def _end(self, code: int) -> None:
        for task in (self._life, self._stopping):
            if task is not None:
                task.cancel()
        self._component.kill()
        self._code = code
        self._ended.set()
