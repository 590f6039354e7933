"""A real simulator for tests: started once, ended whatever happens."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from upgrade_e2e.cluster import Api
from upgrade_e2e.providers.sim import SimSettings
from upgrade_e2e.providers.sim.starting import start_simulator
from upgrade_e2e.version import KubeVersion

VERSION = KubeVersion.parse("v1.33.13")


@contextlib.contextmanager
def simulator(folder: Path, version: KubeVersion = VERSION, **settings):
    """A running simulator with its API serving; yields (running, api)."""
    chosen = SimSettings(workdir=folder, **settings)
    running = start_simulator(chosen, version)
    try:
        yield running, Api.from_kubeconfig(running.folder / "kubeconfig")
    finally:
        running.end()


def processes_of(folder: Path):
    """The pids of all processes whose command line names `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if str(folder).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found
