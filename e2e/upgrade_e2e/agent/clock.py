"""The clock of all samples, and an alarm on it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path


def monotonic_us() -> int:
    """Microseconds of CLOCK_MONOTONIC: the clock of all samples."""
    return time.monotonic_ns() // 1000


def boot_id() -> str:
    """The id of this boot of the kernel; machines that share it share the monotonic clock."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


class Alarm:
    """Calls back at an absolute monotonic time, more exactly than epoll's milliseconds can.

    Uses a timerfd of the C library; falls back to the event loop's timers where there is none.
    """

    _CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC, _ABSTIME = 1, 0o2004000, 1

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop, self._callback = loop, callback
        self._handle: asyncio.TimerHandle | None = None
        self._fd = -1
        with contextlib.suppress(OSError, AttributeError):
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.timerfd_create(self._CLOCK_MONOTONIC, self._NONBLOCK_CLOEXEC)
        if self._fd >= 0:
            loop.add_reader(self._fd, self._ring)

    def set(self, at_ns: int) -> None:
        """Ring once at `at_ns`; forgets what was set before."""
        if self._fd >= 0:
            at_ns = max(at_ns, 1)  # zero would disarm the timer
            spec = struct.pack("qqqq", 0, 0, at_ns // 10**9, at_ns % 10**9)
            self._libc.timerfd_settime(self._fd, self._ABSTIME, spec, None)
            return
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop.call_at(at_ns / 1e9, self._callback)

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._fd, 8)
        self._callback()
