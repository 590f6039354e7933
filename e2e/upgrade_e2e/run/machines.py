"""The class of the machine that a pass runs on."""

from __future__ import annotations

import math

import psutil

__all__ = ["machine_class", "rounded_gib"]

_GIB = 2**30


def machine_class() -> str:
    """Cores and rounded memory of this machine: `2 cores, 24 GiB`."""
    cores = psutil.cpu_count() or 0
    plural = "" if cores == 1 else "s"
    return f"{cores} core{plural}, {rounded_gib(psutil.virtual_memory().total):g} GiB"


def rounded_gib(size: int) -> float:
    """Bytes as GiB, to the nearest quarter of the power of two below: machines that were sold as
    alike differ by what firmware and kernel keep for themselves.

    For example 8 GiB for 7.7, 24 for 23.5, 64 for 62.8 and 128 for 125.6.
    """
    gib = size / _GIB
    step = 2.0 ** (math.floor(math.log2(gib)) - 2)
    return round(gib / step) * step
