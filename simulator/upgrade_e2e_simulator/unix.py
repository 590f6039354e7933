"""Unix sockets in a folder, however long its path: an address holds 107 bytes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

__all__ = ["is_served", "listen"]


def listen(folder: Path, name: str) -> socket.socket:
    """A listening socket that only its owner may use; it replaces a file of that name."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        (folder / name).unlink(missing_ok=True)
        listener.bind(_short(handle, name))
    finally:
        os.close(handle)
    (folder / name).chmod(0o600)
    listener.listen()
    listener.setblocking(False)
    return listener


def is_served(folder: Path, name: str, timeout_s: float) -> bool:
    """Whether somebody listens there."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            return connection.connect_ex(_short(handle, name)) == 0
    finally:
        os.close(handle)


def _short(handle: int, name: str) -> str:
    return f"/proc/self/fd/{handle}/{name}"
