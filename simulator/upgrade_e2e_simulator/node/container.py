"""One container: started, restarted with back-off, stopped; and its state as the API shows it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.node.environment import MissingReference
from upgrade_e2e_simulator.node.images import Unknown
from upgrade_e2e_simulator.node.process import Process
from upgrade_e2e_simulator.parameters import KubeletParameters
from upgrade_e2e_simulator.store import Object

__all__ = ["Container"]

Start = Callable[[], Awaitable[Process]]
_RESET_AFTER_S = 600.0
"""A container that ran for so long begins its back-off again."""
_LEAST_GRACE_S = 2.0
"""However long a preStop hook took, SIGTERM is followed by this much time before SIGKILL."""


class Container:
    """Runs one container of a pod. `changed` is called whenever what `status` says changes."""

    def __init__(
        self, spec: Object, start: Start, parameters: KubeletParameters, changed: Callable[[], None]
    ) -> None:
        self.spec = spec
        self.name = str(spec["name"])
        self.process: Process | None = None
        self.running = asyncio.Event()
        self.ready = False
        self.started = False
        self.restarts = 0
        self._start = start
        self._parameters = parameters
        self._changed = changed
        self._state: Object = {"waiting": {"reason": "ContainerCreating"}}
        self._last: Object = {}
        self._ident = ""
        self._stopping = False

    @property
    def exit_code(self) -> int | None:
        """The code of a container that has ended; None while it has not."""
        ended = self._state.get("terminated")
        return None if ended is None else int(ended["exitCode"])

    async def run(self, policy: str) -> int:
        """Run it as often as the restart policy says; the last exit code."""
        while True:
            began = time.monotonic()
            code = await self._run_once()
            if self._stopping or not _again(policy, code):
                return code
            if time.monotonic() - began > _RESET_AFTER_S / self._parameters.pace:
                self.restarts = 0
            await self._back_off(code)

    async def _run_once(self) -> int:
        process = await self._started()
        self.process = process
        began = now()
        self._ident = f"sim://{id(process):x}-{self.restarts}"
        self.started = "startupProbe" not in self.spec
        self.ready = self.started and "readinessProbe" not in self.spec
        self._enter({"running": {"startedAt": began}})
        self.running.set()
        try:
            code = await process.wait()
        finally:
            self.running.clear()
            self.process = None
            self.ready = self.started = False
        self._enter({"terminated": _ended(code, began, self._ident)})
        return code

    async def _started(self) -> Process:
        """Start it, again and again while something that it needs is missing."""
        while True:
            try:
                return await self._start()
            except MissingReference as error:
                waiting = {"reason": "CreateContainerConfigError", "message": str(error)}
            except Unknown as error:
                waiting = {"reason": "ErrImagePull", "message": str(error)}
            self._enter({"waiting": waiting})
            await asyncio.sleep(self._parameters.backoff_s / self._parameters.pace)

    async def _back_off(self, code: int) -> None:
        delay_s = min(
            self._parameters.backoff_s * 2 ** max(0, self.restarts - 1),
            self._parameters.backoff_max_s,
        )
        self._last = self._state
        if self.restarts:
            message = f"back-off {delay_s:g}s restarting failed container={self.name}"
            self._enter({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
            await asyncio.sleep(delay_s / self._parameters.pace)
        elif code:
            await asyncio.sleep(self._parameters.start_s)
        self.restarts += 1

    async def stop(self, grace_s: float, hook: Awaitable[None] | None) -> None:
        """preStop, SIGTERM, then SIGKILL; `grace_s` is the pod's, not yet at the node's pace."""
        self._stopping = True
        if not self._parameters.graceful:
            await self._kill()
            return
        pace = self._parameters.pace
        end = time.monotonic() + grace_s / pace
        if hook is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(hook, max(0.0, end - time.monotonic()))
        process = self.process
        if process is None:
            return
        process.signal(signal.SIGTERM)
        left_s = max(end - time.monotonic(), _LEAST_GRACE_S / pace if grace_s else 0.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), left_s)
            return
        await self._kill()

    async def _kill(self) -> None:
        process = self.process
        if process is not None:
            process.signal(signal.SIGKILL)
            await process.wait()

    async def restart(self, grace_s: float) -> None:
        """As a failed liveness probe does: stop the process; `run` starts it again."""
        process = self.process
        if process is None:
            return
        process.signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace_s / self._parameters.pace)
            return
        process.signal(signal.SIGKILL)

    def set_ready(self, *, ready: bool) -> None:
        """What the readiness probe says."""
        if ready != self.ready and self.process is not None:
            self.ready = ready
            self._changed()

    def set_started(self) -> None:
        """The startup probe has succeeded."""
        self.started = True
        self.ready = "readinessProbe" not in self.spec
        self._changed()

    @property
    def status(self) -> Object:
        """The ContainerStatus."""
        image = str(self.spec["image"])
        return {
            "name": self.name,
            "image": image,
            "imageID": f"sim://{image}",
            "containerID": self._ident,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "state": self._state,
            "lastState": self._last,
        }

    def _enter(self, state: Object) -> None:
        self._state = state
        self._changed()


def _again(policy: str, code: int) -> bool:
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _ended(code: int, began: str, ident: str) -> Object:
    shown = 128 - code if code < 0 else code
    ended: Object = {
        "exitCode": shown,
        "reason": "Completed" if shown == 0 else "Error",
        "startedAt": began,
        "finishedAt": now(),
        "containerID": ident,
    }
    if code < 0:
        ended["signal"] = -code
    return ended
