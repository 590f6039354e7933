"""All figures of one view side by side, so that tests can compare them."""

from __future__ import annotations

import math

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Quantile, Seen

__all__ = ["figures"]


def figures(seen: Seen) -> dict[str, float | int | bool | None]:
    """Every figure by name, fit for JSON: None for what is not known, never NaN or infinity.

    Percentiles are lower bounds where `pNN_censored` (`max_censored`) is true.
    """
    told: dict[str, float | int | bool | None] = {
        "count": seen.count,
        "failures": seen.failures,
        "failure_ratio": seen.failure_ratio if seen.count else None,
        "downtime_s": seen.downtime_s,
        "downtime_at_most_s": seen.downtime_at_most_s,
        "longest_outage_s": seen.longest_outage_s,
        "longest_silence_s": seen.longest_silence_s,
        "longest_gap_s": seen.longest_gap_s,
        "episodes": seen.outage_set.count,
        "timed_share": seen.timed_share,
        "suspect": seen.suspect,
        "unsent": seen.unsent,
        "masked_share": seen.masked_share,
        "blind_share": seen.blind_share,
        "resolution_s": seen.resolution_s if math.isfinite(seen.resolution_s) else None,
    }
    return told | _latencies(seen)


def _latencies(seen: Seen) -> dict[str, float | bool | None]:
    names = ("p50", "p95", "p99", "max")
    found: tuple[Quantile | None, ...]
    try:
        found = seen.counts.common
    except Inconclusive:
        found = (None,) * len(names)
    told: dict[str, float | bool | None] = {}
    for name, quantile in zip(names, found, strict=True):
        told[f"{name}_s"] = quantile.value_s if quantile else None
        told[f"{name}_censored"] = quantile.censored if quantile else None
    return told
