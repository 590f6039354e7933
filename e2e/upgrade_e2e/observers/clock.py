"""The offset between a prober's clock and the timeline's, measured rather than assumed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.observers.link import Link, get_json
from upgrade_e2e.timeline import Origin

__all__ = ["ClockOffset", "measure_offset", "own_boot_id"]

ROUNDS = 9


@dataclass(frozen=True)
class ClockOffset:
    """How to bring a prober's monotonic clock onto the timeline.

    `zero_us` is the prober's time at the origin of the pass; `error_s` bounds the error of that.
    Where prober and framework share a kernel (`shared`), the clock is one and the same: the
    offset is exact, and `measured_us` and `measured_error_s` show how exact a measurement would be.
    """

    boot_id: str
    zero_us: int
    error_s: float
    measured_us: int
    measured_error_s: float
    shared: bool


def own_boot_id() -> str:
    """The id of this boot of this machine; empty where the kernel has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def measure_offset(link: Link, origin: Origin, rounds: int = ROUNDS) -> ClockOffset:
    """Ask the prober for the time in several rounds and keep the one that was answered fastest.

    The prober read its clock somewhere between question and answer, so the midpoint is off by
    half of the round trip at most (Cristian's algorithm).
    """
    best: tuple[float, int, str] | None = None
    for _ in range(rounds):
        asked = time.monotonic()
        clock = get_json(link, "/clock")
        answered = time.monotonic()
        middle_us = round(((asked + answered) / 2 - origin.monotonic_s) * 1e6)
        seen = ((answered - asked) / 2, clock["monotonic_us"] - middle_us, clock["boot_id"])
        best = seen if best is None else min(best, seen)
    assert best is not None, "at least one round"  # noqa: S101 - for the type only
    error_s, measured_us, boot_id = best
    exact_us = round(origin.monotonic_s * 1e6)
    shared = boot_id == own_boot_id() and abs(measured_us - exact_us) <= error_s * 1e6 + 1
    return ClockOffset(
        boot_id=boot_id,
        zero_us=exact_us if shared else measured_us,
        error_s=0.0 if shared else error_s,
        measured_us=measured_us,
        measured_error_s=error_s,
        shared=shared,
    )
