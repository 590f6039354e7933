"""The simulator's process: `python -m upgrade_e2e_simulator`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from upgrade_e2e_simulator.control import READY_FILE, ControlServer, require_unused
from upgrade_e2e_simulator.errors import BadInput
from upgrade_e2e_simulator.parameters import Parameters, set_parameter
from upgrade_e2e_simulator.pod.priority import raise_group
from upgrade_e2e_simulator.simulation import Simulation
from upgrade_e2e_simulator.topology import Topology, node_specs
from upgrade_e2e_simulator.version import KubeVersion
from upgrade_e2e_simulator.watchdog import Watchdog

__all__ = ["command_line", "main"]

_log = logging.getLogger(__name__)
_BAD_INPUT = 2
_NICE = -10
_SETTLE_EVERY_S = 0.05


def command_line() -> argparse.ArgumentParser:
    """The options of `upgrade-e2e simulator`."""
    parser = argparse.ArgumentParser(
        prog="upgrade-e2e simulator", description="Serve a simulated Kubernetes cluster."
    )
    parser.add_argument("--name", default="sim", help="name of the cluster (default: sim)")
    parser.add_argument(
        "--version",
        default="v1.33.13",
        help="version of Kubernetes that the cluster reports (default: %(default)s)",
    )
    parser.add_argument("--workers", type=int, default=2, help="number of workers (default: 2)")
    parser.add_argument("--port", type=int, default=0, help="port of the API (default: a free one)")
    parser.add_argument(
        "--folder", default="", help="folder of the kubeconfig and all files (default: .sim-NAME)"
    )
    parser.add_argument("--owner-pid", type=int, default=0, help="end when this process ends")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PARAMETER=VALUE",
        help="a parameter, like kubelet.qps=5: see docs/sim.md; may be repeated",
    )
    return parser


class Simulator:
    """A simulation, its control socket and its owner."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._ended = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._owner: int | None = None
        self._control = ControlServer(
            simulation.topology.folder,
            {
                "compact": self._compact,
                "disown": self._disown,
                "hello": self._hello,
                "freeze-api": self._freeze,
                "set": self._set,
                "settle": self._settle,
                "stall-etcd": self._stall,
                "start-kubelet": self._start_kubelet,
                "static-pod": self._static_pod,
                "stop-kubelet": self._stop_kubelet,
                "end": self._end,
            },
        )

    async def run(self, owner_pid: int) -> None:
        """Until asked to end, or until the owner ends."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._ended.set)
        if owner_pid:
            self._watch_owner(owner_pid)
        try:
            await self._simulation.start()
            await self._control.start()
            self._start(self._end_without_launcher())
            self._start(Watchdog().run())
            self._tell_ready()
            await self._ended.wait()
        finally:
            self._control.stop()
            await self._simulation.stop()

    async def _end_without_launcher(self) -> None:
        """Pods cannot be started or stopped any more, so there is no cluster any more."""
        await self._simulation.launcher.lost.wait()
        _log.error("the launcher of pods has ended, and so does the simulator")
        self._ended.set()

    def _watch_owner(self, pid: int) -> None:
        try:
            self._owner = os.pidfd_open(pid)
        except ProcessLookupError:
            self._ended.set()
            return
        asyncio.get_running_loop().add_reader(self._owner, self._ended.set)

    def _tell_ready(self) -> None:
        facts = {
            "pid": os.getpid(),
            "kubeconfig": str(self._simulation.kubeconfig),
            "port": self._simulation.port,
            "octet": self._simulation.claim.network.octet,
        }
        ready = self._simulation.topology.folder / READY_FILE
        part = ready.with_suffix(".part")
        part.write_text(json.dumps(facts), encoding="utf-8")
        part.replace(ready)
        print(
            f"simulated cluster {self._simulation.topology.name!r} is up; use it with\n"
            f"  export KUBECONFIG={self._simulation.kubeconfig}",
            flush=True,
        )

    async def _hello(self, _: Mapping[str, Any]) -> str:
        return "hello"

    async def _compact(self, _: Mapping[str, Any]) -> str:
        self._simulation.store.compact()
        return "compacted"

    async def _end(self, _: Mapping[str, Any]) -> str:
        self._ended.set()
        return "ending"

    async def _set(self, request: Mapping[str, Any]) -> str:
        said = set_parameter(self._simulation.parameters, request["parameter"], request["value"])
        self._simulation.refresh_tables()
        return said

    async def _freeze(self, request: Mapping[str, Any]) -> str:
        self._start(self._simulation.gate.freeze(float(request["for_s"])))
        return "frozen"

    async def _static_pod(self, request: Mapping[str, Any]) -> str:
        version = KubeVersion.parse(request["version"])
        back_off_s = float(request["back_off_s"])
        component = str(request["component"])
        self._simulation.static_pod(request["node"], component, version, back_off_s)
        return "put"

    async def _stop_kubelet(self, request: Mapping[str, Any]) -> str:
        await self._simulation.kubelets[request["node"]].stop()
        return "stopped"

    async def _start_kubelet(self, request: Mapping[str, Any]) -> str:
        version = KubeVersion.parse(request["version"])
        back_off_s = float(request.get("back_off_s", 0.0))
        self._simulation.kubelets[request["node"]].start(version, back_off_s)
        return "started"

    async def _settle(self, request: Mapping[str, Any]) -> str:
        """Wait until the node's static pods run their newest manifests and are shown Ready."""
        static = self._simulation.kubelets[request["node"]].static
        while not static.settled:
            await asyncio.sleep(_SETTLE_EVERY_S)
        return "settled"

    async def _stall(self, request: Mapping[str, Any]) -> str:
        self._start(self._simulation.gate.stall(float(request["for_s"])))
        return "stalled"

    async def _disown(self, _: Mapping[str, Any]) -> str:
        """The owner may go: run on until asked to end."""
        if self._owner is not None:
            asyncio.get_running_loop().remove_reader(self._owner)
            os.close(self._owner)
            self._owner = None
        return "disowned"

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _serve(args: argparse.Namespace, folder: Path) -> None:
    parameters = Parameters()
    for text in args.set:
        name, _, value = text.partition("=")
        set_parameter(parameters, name, value)
    topology = Topology(
        name=args.name,
        version=KubeVersion.parse(args.version),
        nodes=node_specs(args.name, args.workers),
        folder=folder,
        port=args.port,
    )
    await Simulator(Simulation(topology, parameters)).run(args.owner_pid)


def _raise_priority() -> None:
    """One event loop stands for a whole cluster: other load must not show as the cluster's."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    raise_group()


def main(argv: Sequence[str]) -> int:
    """Run the simulator; the exit code."""
    args = command_line().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    folder = Path(args.folder or f".sim-{args.name}").resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _raise_priority()
    try:
        require_unused(folder)
        asyncio.run(_serve(args, folder))
    except BadInput as error:
        print(f"upgrade-e2e simulator: {error}", file=sys.stderr)
        return _BAD_INPUT
    return 0
