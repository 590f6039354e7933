"""The life of one pod on its node, from the sandbox to the last SIGKILL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.ending import end_tasks, report_crash
from upgrade_e2e_simulator.node.actions import Actions
from upgrade_e2e_simulator.node.container import Container
from upgrade_e2e_simulator.node.environment import MissingReference
from upgrade_e2e_simulator.node.node import Node
from upgrade_e2e_simulator.node.pod_status import Facts, PodStatus
from upgrade_e2e_simulator.node.probing import probe_container
from upgrade_e2e_simulator.node.sandbox import Sandbox
from upgrade_e2e_simulator.store import Object, name_of

__all__ = ["PodWorker"]


class PodWorker:
    """Runs a pod. `changed` is called when there is a new status to report."""

    def __init__(self, node: Node, pod: Object, changed: Callable[[PodWorker], None]) -> None:
        self.node = node
        self.pod = pod
        self.over = asyncio.Event()
        self._changed = changed
        self._sandbox = Sandbox(node, pod)
        self._facts = Facts(host_ip=node.ip, started=now())
        self._status = PodStatus(pod)
        self._tasks: list[asyncio.Task[Any]] = []
        self._life: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._grace_s = 0.0

    def start(self) -> None:
        """Begin."""
        self._life = asyncio.create_task(self._live(), name=f"pod {name_of(self.pod)}")
        self._life.add_done_callback(report_crash)

    def terminate(self, grace_s: float) -> None:
        """End it within the grace; a shorter grace than before hurries."""
        if self._ending is not None and grace_s < self._grace_s:
            self._ending.cancel()
            self._ending = None
        if self._ending is None and not self.over.is_set():
            self._grace_s = grace_s
            self._ending = asyncio.create_task(self._end(grace_s))

    @property
    def status(self) -> Object:
        """What there is to report now."""
        return self._status.make(self._facts)

    @property
    def log_files(self) -> Callable[[str], Any]:
        """Container name -> log file."""
        return self._sandbox.log_file

    def _tell(self) -> None:
        self._changed(self)

    async def _live(self) -> None:
        await self._sandbox.create()
        self._facts.address = self._sandbox.address
        self._facts.sandbox = True
        spec = self.pod["spec"]
        self._facts.containers = [self._container(item) for item in spec["containers"]]
        self._facts.init = [self._container(item) for item in spec.get("initContainers") or ()]
        self._tell()
        await self._prepare_volumes()
        if not await self._initialize():
            self._finish("Failed")
            return
        self._facts.initialized = True
        self._facts.phase = "Running"
        codes = await asyncio.gather(
            *(self._spawn(self._run_container(item)) for item in self._facts.containers)
        )
        self._finish("Failed" if any(codes) else "Succeeded")

    async def _prepare_volumes(self) -> None:
        while True:
            try:
                self._sandbox.prepare_volumes()
            except MissingReference:
                await asyncio.sleep(self.node.parameters.kubelet.sync_s)
            else:
                return

    async def _initialize(self) -> bool:
        policy = self.pod["spec"]["restartPolicy"]
        for container in self._facts.init:
            again = "Never" if policy == "Never" else "OnFailure"
            if await self._spawn(container.run(again)):
                return False
        return True

    async def _run_container(self, container: Container) -> int:
        probing = self._spawn(
            probe_container(container, self._actions(container), self.node.parameters.kubelet.pace)
        )
        try:
            return await container.run(self.pod["spec"]["restartPolicy"])
        finally:
            probing.cancel()

    def _container(self, spec: Object) -> Container:
        start = partial(self._sandbox.start, spec)
        return Container(spec, start, self.node.parameters.kubelet, self._tell)

    def _actions(self, container: Container) -> Actions:
        execute = partial(self._sandbox.execute, container.spec)
        pace = self.node.parameters.kubelet.pace
        return Actions(container.spec, self._sandbox.address, pace, execute)

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(coroutine)
        self._tasks.append(task)
        return task

    def _finish(self, phase: str) -> None:
        self._facts.phase = phase
        self._sandbox.remove()
        self.over.set()
        self._tell()

    async def _end(self, grace_s: float) -> None:
        running = [item for item in self._facts.containers if item.process is not None]
        await asyncio.gather(
            *(container.stop(grace_s, self._hook(container)) for container in running)
        )
        await self._cancel_all()
        codes = [container.exit_code for container in self._facts.containers]
        if not self.over.is_set():
            self._finish("Failed" if any(codes) or None in codes else "Succeeded")

    def _hook(self, container: Container) -> Coroutine[Any, Any, None] | None:
        hook = (container.spec.get("lifecycle") or {}).get("preStop")
        kubelet = self.node.parameters.kubelet
        if hook is None or not (kubelet.hooks and kubelet.graceful):
            return None
        return self._actions(container).hook(hook)

    async def _cancel_all(self) -> None:
        """Stop what is still being started; the life itself ends with its containers."""
        await end_tasks([*self._tasks, *([self._life] if self._life else [])])

    async def vanish(self) -> None:
        """End without a word, as when the simulator itself ends."""
        if self._ending is not None:
            self._ending.cancel()
        await self._cancel_all()
