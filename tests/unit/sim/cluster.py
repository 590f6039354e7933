"""A real simulator for tests: started once, ended whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import urllib.error
import urllib.request
from pathlib import Path

from upgrade_e2e.cluster import Api
from upgrade_e2e.providers.sim.provider import SimSettings
from upgrade_e2e.providers.sim.provider.starting import start_simulator
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


def status_of(url, context, *, data=None, method="GET", token=None, content_type=None):
    """HTTP code and JSON body of a request without the kubeconfig's credentials."""
    request = urllib.request.Request(url, data=data, method=method)  # noqa: S310 - https only
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if content_type:
        request.add_header("Content-Type", content_type)
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
