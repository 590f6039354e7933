"""Ports of 127.0.0.1."""

from __future__ import annotations

import random
import socket

from upgrade_e2e_simulator.errors import BadInput

__all__ = ["free_port", "is_free"]

_RANGE = range(20_000, 30_000)
"""Below the ports that Linux gives to outgoing connections (from 32768 on): while the API server
is away, a client that asks for it again and again must not be given its port."""
_TRIES = 200


def free_port() -> int:
    """One that nobody listens on now, and that no outgoing connection gets by chance."""
    for port in random.sample(_RANGE, _TRIES):
        if is_free(port):
            return port
    raise BadInput(
        f"no free port was found between {_RANGE.start} and {_RANGE.stop}; name one with --port."
    )


def is_free(port: int) -> bool:
    """Whether one could listen on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
