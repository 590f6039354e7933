"""Starting a simulator as a child of this process, and taking hold of its cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.command import spawn
from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.sim.control import READY_FILE, ControlClient, SimulatorGone
from upgrade_e2e.providers.sim.nodes import nodes_of
from upgrade_e2e.providers.sim.settings import SimSettings
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["SIMULATOR", "Running", "start_simulator"]

SIMULATOR = "upgrade_e2e_simulator"
"""The simulator's package, which is run by `python -m` and never imported here."""

_START_S = 60.0
_END_S = 10.0


@dataclass
class Running:
    """A simulator that runs for us."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def control(self) -> ControlClient:
        """How to ask it."""
        return ControlClient(self.folder)

    def require_alive(self) -> None:
        """Raise SimulatorGone, with its last words, when it has ended."""
        said = _last_words(self.process, self.folder / "simulator.log")
        if said is not None:
            raise SimulatorGone(f"the simulator is gone, and with it the cluster: {said}")

    def cluster(self, settings: SimSettings) -> Cluster:
        """The handle of its cluster."""
        nodes = nodes_of(settings.cluster_name, settings.control_planes, settings.workers)
        return Cluster(settings.cluster_name, self.folder / "kubeconfig", nodes)

    def end(self) -> None:
        """End it and wait for that; killed when it does not end by itself. Idempotent."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_END_S)


def start_simulator(settings: SimSettings, version: KubeVersion) -> Running:
    """Start it and wait until its API serves. Raises E2eError with its last words.

    A start that fails or is interrupted leaves no process.
    """
    folder = settings.workdir.resolve() / "simulator"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (READY_FILE, "control.sock", "zygote.sock"):
        (folder / name).unlink(missing_ok=True)
    log_file = folder / "simulator.log"
    path = os.pathsep.join([_package_root(), os.environ.get("PYTHONPATH", "")])
    process = spawn(
        _argv(settings, version, folder), log_file=log_file, env={"PYTHONPATH": path.rstrip(":")}
    )
    running = Running(folder, process)
    try:
        wait_for(
            "the simulator to serve its API",
            (folder / READY_FILE).exists,
            bool,
            Deadline(_START_S, every_s=0.05),
            hopeless=lambda _: _last_words(process, log_file),
        )
    except BaseException:
        running.end()
        raise
    return running


def _package_root() -> str:
    """Where this process would import the simulator from; the child is to run the same one."""
    found = find_spec(SIMULATOR)
    if found is None or found.origin is None:
        raise E2eError(
            f"the package {SIMULATOR} is not installed; install upgrade-e2e again, or add "
            "`simulator/` of the repository to PYTHONPATH."
        )
    return str(Path(found.origin).parents[1])


def _argv(settings: SimSettings, version: KubeVersion, folder: Path) -> list[str]:
    durations = settings.durations
    options = {
        "name": settings.cluster_name,
        "version": version,
        "workers": settings.workers,
        "port": settings.port,
        "folder": folder,
        "owner-pid": os.getpid(),
    }
    parameters = {
        "kubelet.pace": durations.pace,
        "api.grace_s": durations.grace_s,
        "api.request_timeout_s": durations.storage_timeout_s,
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    words += [f"--set={name}={value}" for name, value in parameters.items()]
    return [sys.executable, "-m", SIMULATOR, *words]


def _last_words(process: subprocess.Popen[bytes], log_file: Path) -> str | None:
    if process.poll() is None:
        return None
    said = log_file.read_text(encoding="utf-8", errors="replace").strip()
    return f"it exited with {process.returncode}: {said[-2000:]}"
