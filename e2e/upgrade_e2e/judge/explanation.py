"""What was seen, in sentences: the message of a failing claim."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration, moment, share
from upgrade_e2e.judge.api_downtime import failures_near_api_downtime
from upgrade_e2e.judge.bad_seconds import BadSeconds
from upgrade_e2e.judge.brownouts import BrownoutSet
from upgrade_e2e.judge.counts import Counts
from upgrade_e2e.judge.coverage import Coverage
from upgrade_e2e.judge.left_out import LeftOut
from upgrade_e2e.judge.outage import Outage
from upgrade_e2e.judge.outages import OutageSet
from upgrade_e2e.judge.retries import RESOLVER_S, Retried
from upgrade_e2e.timeline import Outcome

__all__ = ["Figures", "explain", "sentence"]

_LENGTHS_S = (0.010, 0.030, 0.100, 1.0)
"""An explanation gives the chance to see an outage of each of these lengths."""
_BACKENDS = 3


@dataclass(frozen=True, eq=False)
class Figures:
    """What an explanation is made of.

    `left_out` is what the API server's absences hide, `slowest` sentences about the slowest events.
    """

    counts: Counts
    outage_set: OutageSet
    coverage: Coverage
    left_out: LeftOut
    brownout_set: BrownoutSet
    bad_seconds: BadSeconds
    retried: Retried
    slowest: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def explain(title: str, figures: Figures, most: int) -> str:
    """Figures first, then one line per outage, the worst first, then what does not count.

    `title` names what was watched; at most `most` outages are listed.
    """
    return "\n".join(
        [
            f"{title}: {_ratio(figures.counts)}",
            *_latencies(figures.counts),
            *_downtime(figures),
            *_felt(figures),
            _coverage(figures.coverage),
            *_outages(figures.outage_set, most),
            *_slowest(figures.slowest),
            *_asides(figures),
            *figures.notes,
        ]
    )


def sentence(outage: Outage) -> str:
    """One outage: when, how long, during which step, where, and how it showed.

    Events come seconds apart, so an outage of theirs may have begun in a step that was over when
    the first of them failed: then that step is named as well.
    """
    outcomes = _outcomes(outage.outcomes)
    parts = [
        f"at {moment(outage.start_s)} for {_bounds(outage)}, {outage.cause}: {outcomes}",
        f"; {outage.target} from {_where(outage)}",
    ]
    parts += _began(outage)
    if outage.backends:
        parts.append(f"; {_backends(outage)}")
    if outage.partial:
        parts.append(f"; partial: at worst {share(outage.share)} of the probes failed")
    if outage.blind:
        unseen_s = sum(window.duration_s for window in outage.blind)
        where = f"from {moment(outage.blind[0].start_s)}"
        parts.append(f"; the probers were blind for {duration(unseen_s)} of it, {where}")
    return "".join(parts)


def _began(outage: Outage) -> Iterator[str]:
    """Between which events it began, where that names one more step."""
    if outage.good_event_s is None or outage.onset is None:
        return
    if set(outage.onset.spans) - set(outage.cause.spans):
        since = moment(outage.good_event_s)
        yield f"; it began between {since} and {moment(outage.start_s)}, {outage.onset}"


def _ratio(counts: Counts) -> str:
    if not counts.proofs:
        return "no sample counts"
    shown = _outcomes({o: n for o, n in counts.outcomes.items() if o is not Outcome.OK})
    detail = f": {shown}" if shown else ""
    ratio = share(counts.failure_ratio)
    return f"{counts.failed} of {counts.proofs} probes failed ({ratio}){detail}"


def _latencies(counts: Counts) -> Iterator[str]:
    try:
        p50, p95, p99, longest = counts.common
    except Inconclusive:
        yield "latency: no probe was sent on time and answered"
    else:
        timed = f"latency ({share(counts.timed_share)} of the probes were on time)"
        yield f"{timed}: p50 {p50}, p95 {p95}, p99 {p99}, longest {longest}"


def _downtime(figures: Figures) -> Iterator[str]:
    if figures.counts.failed:
        found, count = figures.outage_set, figures.outage_set.count
        state, word = ("open", "window") if _lets_through(figures.counts) else ("down", "outage")
        yield (
            f"{state} for {_range(found, found.downtime_s, found.downtime_at_most_s)} in "
            f"{count} {word if count == 1 else f'{word}s'}; the longest on one stream "
            f"{_range(found, found.longest_silence_s, found.longest_gap_s)}"
        )


def _lets_through(counts: Counts) -> bool:
    """Whether all that failed is a policy that admitted what it forbids: it was open, not down."""
    return set(counts.outcomes) - {Outcome.OK} == {Outcome.ADMITTED}


def _felt(figures: Figures) -> Iterator[str]:
    """What a client feels: a second try, slow answers, and how many seconds were bad."""
    if figures.counts.failed and figures.bad_seconds.seen:
        again = figures.retried
        yield (
            f"tried again once after {duration(RESOLVER_S)}: {again.failures} of {again.count} "
            "failed again"
        )
    if slow := figures.brownout_set.count:
        yield (
            f"answers slower than {duration(figures.brownout_set.over_s)} in {slow} "
            f"{'stretch' if slow == 1 else 'stretches'}, the longest "
            f"{duration(figures.brownout_set.longest_s)} or more"
        )
    if bad := figures.bad_seconds.bad:
        yield (
            f"bad seconds, with a failure or a slow answer: {bad} of {figures.bad_seconds.seen} "
            f"({share(figures.bad_seconds.share)}, of 200 s at least)"
        )


def _range(found: OutageSet, least_s: float, most_s: float) -> str:
    """Two bounds; there is no upper one where a beginning or an end was not seen."""
    if found.open:
        return f"{duration(least_s)} or more"
    return f"{duration(least_s)} to {duration(most_s)}"


def _coverage(coverage: Coverage) -> str:
    blind = f"blind for {share(coverage.blind_share)} of the time"
    if not math.isfinite(coverage.resolution_s):
        return blind
    chances = ", ".join(
        f"{duration(length_s)} {share(coverage.chance_to_see(length_s))}" for length_s in _LENGTHS_S
    )
    return f"{blind}; chance to see an outage of {chances}"


def _outages(outage_set: OutageSet, most: int) -> Iterator[str]:
    for number, outage in enumerate(outage_set.worst(most), start=1):
        yield f"  {number}. {sentence(outage)}"
    if outage_set.count > most:
        yield f"  and {outage_set.count - most} more"


def _slowest(events: tuple[str, ...]) -> Iterator[str]:
    for number, event in enumerate(events, start=1):
        yield f"  slowest event {number}: {event}"


def _asides(figures: Figures) -> Iterator[str]:
    counts = figures.counts
    if counts.suspect:
        yield f"not counted: {counts.suspect} timeouts during which the prober itself was stalled"
    if counts.unsent:
        yield f"not counted: {counts.unsent} probes that could not be sent"
    if counts.masked:
        yield _masked(figures)
    if after := failures_near_api_downtime(counts.scope, figures.left_out.away):
        yield after


def _masked(figures: Figures) -> str:
    counts = figures.counts
    if all(track.clocked for track in counts.scope.tracks):
        what = "probes"
        why = "around which the API server did not answer, or gave an error of its own"
    else:
        what = "events"
        why = "during which the API server did not answer, or their node had no news from it yet"
    return (
        f"not counted: {counts.masked} {what} ({share(counts.masked_share)}) {why}; "
        f"{counts.proofs} {what} remain; {figures.left_out}"
    )


def _bounds(outage: Outage) -> str:
    least = duration(outage.at_least_s)
    if math.isfinite(outage.at_most_s):
        return f"{least} to {duration(outage.at_most_s)}"
    if outage.good_before_s is None and outage.good_after_s is None:
        return f"{least} or more (no good answer before or after)"
    edge = "beginning" if outage.good_before_s is None else "end"
    return f"{least} or more ({edge} not seen)"


def _backends(outage: Outage) -> str:
    shown = list(outage.backends[:_BACKENDS])
    if len(outage.backends) > _BACKENDS:
        shown.append(f"{len(outage.backends) - _BACKENDS} more")
    return f"{'backend' if len(outage.backends) == 1 else 'backends'} {', '.join(shown)}"


def _outcomes(outcomes: Mapping[Outcome, int]) -> str:
    return ", ".join(f"{count} {outcome.label}" for outcome, count in outcomes.items())


def _where(outage: Outage) -> str:
    if len(outage.streams) == 1:
        return outage.streams[0]
    nodes = ", ".join(outage.nodes)
    return f"{len(outage.streams)} of {outage.of_streams} streams on {nodes}"
