"""The clock of all samples."""

from __future__ import annotations

import time
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
