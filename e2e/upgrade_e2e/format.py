"""Durations, shares and times as people read them, the same in every text.

The rule for a length of time, here and in report/html/assets/facts.js (one test holds both to the
same table):

| Length | Written with | Examples |
|---|---|---|
| below 1 s | three digits, in milliseconds | `0.42 ms`, `31.2 ms`, `300 ms` |
| below 1 min | three digits, in seconds | `1.25 s`, `25.8 s`, `10 s` |
| below 1 h | whole seconds | `1 min 8 s`, `5 min` |
| from 1 h on | whole minutes | `1 h 5 min` |

Zeros at the end of digits are left out. So an outage is exact to the millisecond, which is finer
than probes see, and a pass stays short.

A time on the timeline is no length: it is always in seconds, so that it can be found in the report,
in the trace and in samples without converting.
"""

from __future__ import annotations

import datetime as dt
import math
import re

__all__ = ["NOTHING", "duration", "moment", "seconds_of", "setting", "share", "stamp", "wall_clock"]

NOTHING = "-"
"""Stands where there is no figure."""
_UNITS_S = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_HALVES_UP = 1 + 1e-12
"""Python would round half of them down, and JavaScript none."""


def duration(seconds: float | None) -> str:
    """A length of time by the rule above; NOTHING where there is none, or no end of it."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    sign = "-" if seconds < 0 else ""
    return sign + _length(abs(float(seconds)))


def _length(seconds: float) -> str:
    if seconds == 0:
        return "0 s"
    if seconds < 1e-6:
        return "< 0.001 ms"
    if seconds < 0.9995:
        return f"{_digits(seconds * 1e3)} ms"
    if seconds < 59.95:
        return f"{_digits(seconds)} s"
    if seconds < 3599.5:
        return _joined(*divmod(_whole(seconds), 60), "min", "s")
    return _joined(*divmod(_whole(seconds / 60), 60), "h", "min")


def _digits(number: float) -> str:
    return f"{float(f'{number * _HALVES_UP:.3g}'):g}"


def _whole(number: float) -> int:
    return math.floor(number + 0.5)


def _joined(many: int, rest: int, unit: str, smaller: str) -> str:
    return f"{many} {unit} {rest} {smaller}" if rest else f"{many} {unit}"


def seconds_of(text: str) -> float:
    """A length of time that `duration` wrote, in seconds; raises ValueError for another text."""
    parts = re.findall(r"(\d+(?:\.\d+)?) (ms|s|min|h)\b", text)
    if not parts or " ".join(map(" ".join, parts)) != text.removeprefix("< "):
        raise ValueError(f"{text!r} is no length of time")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def moment(seconds: float) -> str:
    """A time on the timeline: `512.31 s`."""
    return f"{seconds:.2f} s"


def setting(seconds: float) -> str:
    """A length of time as an option takes it and run.json keeps it: `300 s`.

    The gate compares these words with those of older records, so they stay what they are.
    """
    return f"{seconds:g} s"


def stamp(seconds: float) -> str:
    """A time on the timeline in front of a line of a log, always as wide: `  512 s`."""
    return f"{math.floor(seconds):5d} s"


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
