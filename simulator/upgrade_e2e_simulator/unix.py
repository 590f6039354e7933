"""Unix sockets in a folder, however long its path: an address holds 107 bytes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

__all__ = ["connect", "listen"]


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


def connect(folder: Path, name: str, timeout_s: float) -> socket.socket:
    """A connection to it. Raises OSError when nobody listens there."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(_short(handle, name))
    except OSError:
        connection.close()
        raise
    finally:
        os.close(handle)
    return connection


def _short(handle: int, name: str) -> str:
    return f"/proc/self/fd/{handle}/{name}"
