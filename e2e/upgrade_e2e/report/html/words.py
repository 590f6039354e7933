"""Figures as people read them."""

from __future__ import annotations

import datetime as dt
import math

__all__ = ["NOTHING", "duration", "moment", "share", "wall_clock"]

NOTHING = "-"
"""Stands where there is no figure."""


def duration(seconds: float | None) -> str:
    """A length of time, in the unit that fits: `0.42 ms`, `31.2 ms`, `1.25 s`, `9 min 45 s`."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    length = abs(seconds)
    sign = "-" if seconds < 0 else ""
    if length == 0:
        return "0 s"
    if length < 0.9995:
        return f"{sign}{_three(length * 1e3)} ms"
    if length < 120:
        return f"{sign}{length:.2f} s"
    minutes, rest = divmod(round(length), 60)
    return f"{sign}{minutes} min {rest:02d} s"


def _three(number: float) -> str:
    """Three significant digits, never in exponents."""
    digits = 2 if number < 10 else 1 if number < 100 else 0
    return f"{number:.{digits}f}" if number >= 0.1 else f"{number:.3f}"


def moment(seconds: float) -> str:
    """A time on the timeline, written as in the explanations: `512.31 s`."""
    return f"{seconds:.2f} s"


def share(ratio: float | None) -> str:
    """A share, fine enough to tell a rare failure from none: `0.0012 %`, `4.1 %`."""
    if ratio is None or not math.isfinite(ratio):
        return NOTHING
    percent = ratio * 100
    if percent == 0:
        return "0 %"
    if percent < 0.1:
        return f"{percent:.2g} %" if percent >= 0.0001 else "< 0.0001 %"
    return f"{percent:.{1 if percent >= 1 else 2}f} %"


def wall_clock(unix_s: float) -> str:
    """A date and time in UTC, to the second."""
    when = dt.datetime.fromtimestamp(unix_s, dt.UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")
