"""Durations, shares and times as people read them, the same in every text."""

from __future__ import annotations

import datetime as dt
import math

__all__ = ["NOTHING", "duration", "moment", "share", "wall_clock"]

NOTHING = "-"
"""Stands where there is no figure."""


def duration(seconds: float | None) -> str:
    """A length of time, in the unit that fits: `0.42 ms`, `31 ms`, `1.25 s`, `2 min 4 s`."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    sign = "-" if seconds < 0 else ""
    return sign + _length(abs(seconds))


def _length(seconds: float) -> str:
    if seconds == 0:
        return "0 s"
    if seconds < 1e-6:
        return "< 0.001 ms"
    if seconds < 0.0095:
        return f"{seconds * 1e3:.2g} ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 119.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def moment(seconds: float) -> str:
    """A time on the timeline: `512.31 s`."""
    return f"{seconds:.2f} s"


def share(ratio: float | None) -> str:
    """A share in three digits; never `0%` for a rare failure, nor `100%` while something is left.

    For example `0.0012%`, `4.1%`, `33.3%`, `> 99.9%`.
    """
    if ratio is None or not math.isfinite(ratio):
        return NOTHING
    percent = ratio * 100
    if 0 < percent < 0.0001:
        return "< 0.0001%"
    if 99.95 <= percent < 100:
        return "> 99.9%"
    return f"{percent:.3g}%"


def wall_clock(unix_s: float) -> str:
    """A date and time in UTC, to the second."""
    when = dt.datetime.fromtimestamp(unix_s, dt.UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")
