"""The client of the simulator's control socket: one JSON request per line, one answer per line."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import ClusterGone, E2eError

__all__ = ["READY_FILE", "ControlClient", "SimulatorGone"]

READY_FILE = "simulator.json"
"""The simulator writes it into its folder once the cluster serves."""
_SOCKET = "control.sock"


class SimulatorGone(ClusterGone):
    """The simulator does not answer: it ended or was killed."""


class ControlClient:
    """Asks the simulator whose folder this is; blocking, for the process that owns it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(self, do: str, timeout_s: float = 30.0, **facts: Any) -> Any:
        """Send one request and return the answer. Raises SimulatorGone, E2eError when refused."""
        request = json.dumps({"do": do, **facts}).encode() + b"\n"
        try:
            with (
                _connect(self._folder, timeout_s) as connection,
                connection.makefile("rb") as answers,
            ):
                connection.sendall(request)
                line = answers.readline()
        except OSError as error:
            raise SimulatorGone(
                f"the simulator in {self._folder} does not answer ({error}); it has ended, and "
                "with it the cluster. Its log is simulator.log there."
            ) from error
        if not line:
            raise SimulatorGone(
                f"the simulator in {self._folder} ended while it was asked to {do}."
            )
        answer = json.loads(line)
        if "error" in answer:
            raise E2eError(f"the simulator could not {do}: {answer['error']}")
        return answer["ok"]


def _connect(folder: Path, timeout_s: float) -> socket.socket:
    """A connection, however long the folder's path: the address of a socket holds 107 bytes."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(f"/proc/self/fd/{handle}/{_SOCKET}")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(handle)
    return connection
