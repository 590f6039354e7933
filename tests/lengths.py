"""Lengths of time and how they are written: the table that Python and the page are held to."""

from __future__ import annotations

LENGTHS: tuple[tuple[float | None, str], ...] = (
    (None, "-"),
    (0.0, "0 s"),
    (4e-7, "< 0.001 ms"),
    (0.000042, "0.042 ms"),
    (0.00042, "0.42 ms"),
    (0.00123, "1.23 ms"),
    (0.0096, "9.6 ms"),
    (0.0312, "31.2 ms"),
    (0.03125, "31.3 ms"),
    (0.3, "300 ms"),
    (0.9994, "999 ms"),
    (0.9996, "1 s"),
    (1.125, "1.13 s"),
    (1.254, "1.25 s"),
    (10.0, "10 s"),
    (25.77, "25.8 s"),
    (-0.5, "-500 ms"),
    (59.94, "59.9 s"),
    (59.96, "1 min"),
    (62.5, "1 min 3 s"),
    (68.4, "1 min 8 s"),
    (119.9, "2 min"),
    (124.2, "2 min 4 s"),
    (584.6, "9 min 45 s"),
    (3599.4, "59 min 59 s"),
    (3599.9, "1 h"),
    (3900.0, "1 h 5 min"),
    (86400.0, "24 h"),
)
"""Seconds, and what is written."""
