"""Startup, readiness and liveness probes of one container, while it runs."""

from __future__ import annotations

import asyncio

from upgrade_e2e_simulator.ending import end_tasks
from upgrade_e2e_simulator.node.actions import Actions
from upgrade_e2e_simulator.node.container import Container
from upgrade_e2e_simulator.store import Object

__all__ = ["probe_container"]

_LEAST_PERIOD_S = 0.05
_LIVENESS_GRACE_S = 30.0


async def probe_container(container: Container, actions: Actions, pace: float) -> None:
    """Probe each time that the container runs, until cancelled."""
    while True:
        await container.running.wait()
        probing = asyncio.create_task(_probe_run(container, actions, pace))
        try:
            while container.running.is_set():
                process = container.process
                if process is None:
                    break
                await process.wait()
                await asyncio.sleep(0)
        finally:
            await end_tasks([probing])


async def _probe_run(container: Container, actions: Actions, pace: float) -> None:
    spec = container.spec
    if startup := spec.get("startupProbe"):
        if not await _held(startup, actions, pace):
            await container.restart(_LIVENESS_GRACE_S)
            return
        container.set_started()
    loops = []
    if readiness := spec.get("readinessProbe"):
        loops.append(_readiness(container, readiness, actions, pace))
    if liveness := spec.get("livenessProbe"):
        loops.append(_liveness(container, liveness, actions, pace))
    await asyncio.gather(*loops)


async def _held(probe: Object, actions: Actions, pace: float) -> bool:
    """Whether a startup probe succeeds before it has failed too often."""
    await asyncio.sleep(probe.get("initialDelaySeconds", 0) / pace)
    for _ in range(probe["failureThreshold"]):
        if await actions.probe(probe):
            return True
        await _period(probe, pace)
    return False


async def _readiness(container: Container, probe: Object, actions: Actions, pace: float) -> None:
    await asyncio.sleep(probe.get("initialDelaySeconds", 0) / pace)
    good = bad = 0
    while True:
        if await actions.probe(probe):
            good, bad = good + 1, 0
        else:
            good, bad = 0, bad + 1
        if good >= probe["successThreshold"]:
            container.set_ready(ready=True)
        elif bad >= probe["failureThreshold"]:
            container.set_ready(ready=False)
        await _period(probe, pace)


async def _liveness(container: Container, probe: Object, actions: Actions, pace: float) -> None:
    await asyncio.sleep(probe.get("initialDelaySeconds", 0) / pace)
    bad = 0
    while True:
        bad = 0 if await actions.probe(probe) else bad + 1
        if bad >= probe["failureThreshold"]:
            await container.restart(_LIVENESS_GRACE_S)
            return
        await _period(probe, pace)


async def _period(probe: Object, pace: float) -> None:
    await asyncio.sleep(max(_LEAST_PERIOD_S, probe["periodSeconds"] / pace))
