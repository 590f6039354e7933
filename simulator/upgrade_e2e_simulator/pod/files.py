"""A pod's view of the file system: paths below a mount point lead to the volume's folder.

The container's program sees /agent/agent.pyz or /etc/resolv.conf; what opens is a file of this pod.
Paths outside of all mounts are the machine's own, as in an image that has the same files.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import ssl
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Mounts", "install"]

_ONE_PATH = (
    "access",
    "chmod",
    "listdir",
    "lstat",
    "mkdir",
    "open",
    "readlink",
    "remove",
    "rmdir",
    "scandir",
    "stat",
    "statvfs",
    "truncate",
    "unlink",
    "utime",
)
_TWO_PATHS = ("link", "rename", "replace", "symlink")


class Mounts:
    """Mount points and the folders or files behind them."""

    def __init__(self, mounts: Iterable[tuple[str, str]]) -> None:
        self._mounts = sorted(mounts, key=lambda mount: len(mount[0]), reverse=True)

    def outside(self, path: Any) -> Any:
        """Where `path` really is; anything that is not a path is returned as it is."""
        if not isinstance(path, str | os.PathLike):
            return path
        text = os.fspath(path)
        if not isinstance(text, str):
            return path
        for point, behind in self._mounts:
            if text == point:
                return behind
            if text.startswith(point + "/"):
                return behind + text[len(point) :]
        return path


def install(mounts: Mounts) -> None:
    """Make this process see its mounts. Never undone: the process belongs to the container."""
    for name in _ONE_PATH:
        setattr(os, name, _mapped(getattr(os, name), mounts, 1))
    for name in _TWO_PATHS:
        setattr(os, name, _mapped(getattr(os, name), mounts, 2))
    builtins.open = io.open = _mapped(io.open, mounts, 1)
    _map_tls(mounts)


def _mapped(call: Callable[..., Any], mounts: Mounts, paths: int) -> Callable[..., Any]:
    @functools.wraps(call)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        outside = [mounts.outside(arg) for arg in args[:paths]]
        return call(*outside, *args[paths:], **kwargs)

    return mapped


def _map_tls(mounts: Mounts) -> None:
    load = ssl.SSLContext.load_verify_locations

    def load_verify_locations(
        self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
    ) -> None:
        load(self, mounts.outside(cafile), mounts.outside(capath), cadata)

    ssl.SSLContext.load_verify_locations = load_verify_locations  # type: ignore[method-assign]
