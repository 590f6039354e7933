"""What was seen, in sentences: the message of a failing claim."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.api_downtime import failures_near_api_downtime
from upgrade_e2e.judge.outage import Outage
from upgrade_e2e.timeline import Outcome

if TYPE_CHECKING:
    from upgrade_e2e.judge.seen import Seen

__all__ = ["explain", "sentence"]

_HOLES_S = (0.010, 0.030, 0.100, 1.0)
_BACKENDS = 3


def explain(seen: Seen, most: int) -> str:
    """Figures first, then one line per outage, the worst first, then what does not count."""
    return "\n".join(
        [_ratio(seen), *_figures(seen), *_outages(seen, most), *_asides(seen), *seen.notes]
    )


def sentence(outage: Outage) -> str:
    """One outage: when, how long, during which step, where, and how it showed."""
    parts = [
        f"at {outage.start_s:.2f} s for {_bounds(outage)}, {outage.cause}: {_tally(outage)}",
        f"; {outage.target} from {_where(outage)}",
    ]
    if outage.backends:
        parts.append(f"; {_backends(outage)}")
    if outage.partial:
        parts.append(f"; partial: at worst {outage.share:.0%} of the probes failed")
    if outage.blind:
        unseen_s = sum(window.duration_s for window in outage.blind)
        where = f"from {outage.blind[0].start_s:.2f} s"
        parts.append(f"; nothing was seen for {_length(unseen_s)} of it, {where}")
    return "".join(parts)


def _ratio(seen: Seen) -> str:
    if not seen.count:
        return f"{seen.title}: no sample counts"
    shown = _outcomes({o: n for o, n in seen.outcomes.items() if o is not Outcome.OK})
    detail = f": {shown}" if shown else ""
    return (
        f"{seen.title}: {seen.failures} of {seen.count} probes failed "
        f"({seen.failure_ratio:.3%}){detail}"
    )


def _figures(seen: Seen) -> Iterator[str]:
    try:
        p50, p95, p99, longest = seen.counts.common
    except Inconclusive:
        yield "latency: no probe was sent on time and answered"
    else:
        title = f"latency ({seen.timed_share:.1%} of the probes were on time)"
        yield f"{title}: p50 {p50}, p95 {p95}, p99 {p99}, longest {longest}"
    if seen.failures:
        count = seen.outage_set.count
        yield (
            f"down for {_length(seen.downtime_s)} to {_length(seen.downtime_at_most_s)} in "
            f"{count} {'outage' if count == 1 else 'outages'}; the longest of one stream "
            f"{_length(seen.longest_outage_s)} to {_length(seen.longest_gap_s)}"
        )
    coverage = f"blind for {seen.blind_share:.1%} of the time"
    if math.isfinite(seen.resolution_s):
        chances = ", ".join(
            f"{hole * 1e3:g} ms {seen.coverage.chance_to_see(hole):.0%}" for hole in _HOLES_S
        )
        coverage += f"; chance to see a hole of {chances}"
    yield coverage


def _outages(seen: Seen, most: int) -> Iterator[str]:
    for number, outage in enumerate(seen.outage_set.worst(most), start=1):
        yield f"  {number}. {sentence(outage)}"
    if seen.outage_set.count > most:
        yield f"  and {seen.outage_set.count - most} more"


def _asides(seen: Seen) -> Iterator[str]:
    if seen.suspect:
        yield f"not counted: {seen.suspect} timeouts that the prober itself slept through"
    if seen.unsent:
        yield f"not counted: {seen.unsent} probes that could not be sent"
    if seen.masked:
        yield (
            f"not counted: {seen.masked} events ({seen.masked_share:.0%}) at which the API "
            "itself did not answer"
        )
    if note := failures_near_api_downtime(seen.scope, seen.api_away):
        yield note


def _bounds(outage: Outage) -> str:
    least = _length(outage.at_least_s)
    if math.isfinite(outage.at_most_s):
        return f"{least} to {_length(outage.at_most_s)}"
    if outage.good_before_s is None and outage.good_after_s is None:
        return f"{least} or more (never good)"
    end = "beginning" if outage.good_before_s is None else "end"
    return f"{least} or more ({end} not seen)"


def _length(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 0.9995 else f"{seconds:.2f} s"


def _backends(outage: Outage) -> str:
    shown = list(outage.backends[:_BACKENDS])
    if len(outage.backends) > _BACKENDS:
        shown.append(f"{len(outage.backends) - _BACKENDS} more")
    return f"{'backend' if len(outage.backends) == 1 else 'backends'} {', '.join(shown)}"


def _tally(outage: Outage) -> str:
    return _outcomes(outage.outcomes)


def _outcomes(outcomes: Mapping[Outcome, int]) -> str:
    return ", ".join(f"{count} {outcome.label}" for outcome, count in outcomes.items())


def _where(outage: Outage) -> str:
    if len(outage.streams) == 1:
        return outage.streams[0]
    nodes = ", ".join(outage.nodes)
    return f"{len(outage.streams)} of {outage.of_streams} streams on {nodes}"
