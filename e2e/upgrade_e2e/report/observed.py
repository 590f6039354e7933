"""The figures of each observer, taken from what the judge saw."""

from __future__ import annotations

import math
from collections.abc import Iterator

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Brownout, Outage, Seen, Views
from upgrade_e2e.report.record import BrownoutRow, ObserverResult, OutageRow
from upgrade_e2e.timeline import Connection

__all__ = ["observer_results"]

OUTAGES_KEPT = 50
BROWNOUTS_KEPT = 20


def observer_results(views: Views) -> tuple[ObserverResult, ...]:
    """One result per observer, whether or not it saw enough for a claim."""
    return tuple(_result(name, views.of(name)) for name in views.observers)


def _result(name: str, seen: Seen) -> ObserverResult:
    p50_s, _ = _quantile(seen, 0.50)
    p99_s, censored = _quantile(seen, 0.99)
    resolution_s = seen.resolution_s
    return ObserverResult(
        name=name,
        samples=seen.count,
        failures=seen.failures,
        suspect=seen.suspect,
        failure_ratio=seen.failure_ratio if seen.count else None,
        p50_s=p50_s,
        p99_s=p99_s,
        censored=censored,
        downtime_s=seen.downtime_s,
        longest_gap_s=seen.longest_gap_s,
        blind_share=seen.blind_share,
        resolution_s=resolution_s if math.isfinite(resolution_s) else None,
        outage_count=seen.outage_set.count,
        outages=tuple(_row(outage) for outage in seen.outage_set.worst(OUTAGES_KEPT)),
        notes=seen.notes,
        slow_s=seen.slow_s,
        brownout_count=seen.brownout_set.count,
        brownout_s=seen.brownout_set.total_s,
        brownouts=tuple(_brownout(one) for one in seen.brownout_set.worst(BROWNOUTS_KEPT)),
        longest_silence_s=_silence_s(seen, kept=False),
        kept_silence_s=_silence_s(seen, kept=True),
        longest_brownout_s=seen.longest_brownout_s,
        retried_failure_ratio=_retried(seen),
        failures_per_s=seen.failures_per_s,
        bad_share=_bad_share(seen),
        stream_p95_s=dict(_p95_by_kind(seen)),
        slow_ratio=seen.brownout_set.ratio,
    )


def _silence_s(seen: Seen, *, kept: bool) -> float | None:
    """The longest silence of clients that keep their connection, or of all others.

    They are apart because connection tracking goes on sending the queries of a kept UDP socket to a
    pod that is gone: what such a client feels is longer, and differs more from pass to pass. An
    observer that has only kept connections has no others.
    """
    by_kind = {stream.connection is Connection.REUSED for stream in seen.streams}
    if kept not in by_kind:
        return None if kept or by_kind else seen.longest_silence_s
    label = Connection.REUSED.label
    part = seen.only(connection=label) if kept else seen.without(connection=label)
    return part.longest_silence_s


def _retried(seen: Seen) -> float | None:
    retried = seen.retried()
    return retried.failures / retried.count if retried.count else None


def _bad_share(seen: Seen) -> float | None:
    found = seen.bad_seconds
    return found.share if found.seen else None


def _p95_by_kind(seen: Seen) -> Iterator[tuple[str, float]]:
    """By kind of stream of events (`deleted-to-gone`), as far as the percentile is known."""
    events = (stream.name for stream in seen.streams if not stream.interval_s)
    for kind in dict.fromkeys(name.partition("@")[0] for name in events):
        p95_s, censored = _quantile(seen.only(stream=kind), 0.95)
        if p95_s is not None and not censored:
            yield kind, p95_s


def _quantile(seen: Seen, share: float) -> tuple[float | None, bool]:
    try:
        quantile = seen.quantile(share)
    except Inconclusive:  # no latency at all: the report shows a dash
        return None, False
    return quantile.value_s, quantile.censored


def _row(outage: Outage) -> OutageRow:
    return OutageRow(
        target=outage.target,
        start_s=outage.start_s,
        at_least_s=outage.at_least_s,
        at_most_s=outage.at_most_s if math.isfinite(outage.at_most_s) else None,
        failures=outage.failures,
        outcomes={outcome.label: count for outcome, count in outage.outcomes.items()},
        share=outage.share,
        cause=outage.cause.names,
        told=str(outage.cause),
        nodes=outage.nodes,
        backends=outage.backends,
    )


def _brownout(brownout: Brownout) -> BrownoutRow:
    return BrownoutRow(
        target=brownout.target,
        start_s=brownout.start_s,
        at_least_s=brownout.at_least_s,
        at_most_s=brownout.at_most_s if math.isfinite(brownout.at_most_s) else None,
        slow=brownout.slow,
        slowest_s=brownout.slowest_s,
        share=brownout.share,
        cause=brownout.cause.names,
        told=str(brownout.cause),
        nodes=brownout.nodes,
    )
