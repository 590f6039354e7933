"""The tables of what was observed: outages, observers, streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import NOTHING, duration, moment, share
from upgrade_e2e.judge import Seen
from upgrade_e2e.report.html.claims import claims_on, outage_id, whereabouts
from upgrade_e2e.report.html.tables import Cell, Column, Table, number, text
from upgrade_e2e.report.record import BrownoutRow, ObserverResult, OutageRow, RunRecord

__all__ = ["brownouts", "observers", "outages", "streams"]


def outages(record: RunRecord) -> Table:
    """Every outage that the record keeps: those that broke a claim first, then the worst."""
    columns = (
        Column("at", "start_s", numeric=True),
        Column("observer", "observer"),
        Column("lasted", "at_least_s", numeric=True),
        Column("at most", "at_most_s", numeric=True),
        Column("probes failing", "share", numeric=True),
        Column("outcomes", "outcomes"),
        Column("during", "during", wide=True),
        Column("where", "where", wide=True),
        Column("claim", "claim", wide=True),
    )
    found = [
        (observer.name, place, outage)
        for observer in record.observers
        for place, outage in enumerate(observer.outages, start=1)
    ]
    found.sort(key=lambda item: _importance(record, item[0], item[2]))
    hidden = sum(observer.outage_count for observer in record.observers) - len(found)
    return Table(
        "outages",
        "Outages",
        columns,
        [_outage(record, name, outage) for name, _, outage in found],
        note="Outages that broke a claim come first, then the worst of the others."
        + (f" {hidden} less severe ones are not listed." if hidden > 0 else ""),
        stacked=True,
        ids=[outage_id(name, place) for name, place, _ in found],
    )


def _importance(record: RunRecord, observer: str, outage: OutageRow) -> tuple[bool, float]:
    broke = any(claim.broken and claim.named for claim in claims_on(record, observer, outage))
    return not broke, -outage.weight


def _outage(record: RunRecord, observer: str, outage: OutageRow) -> tuple[Cell, ...]:
    outcomes = ", ".join(
        f"{count}\N{NO-BREAK SPACE}{label}" for label, count in outage.outcomes.items()
    )
    places = [outage.target, ", ".join(outage.nodes), ", ".join(outage.backends)]
    claims = claims_on(record, observer, outage)
    first = claims[0] if claims else None
    tone = "muted" if first is None or not first.broken else "fail"
    return (
        Cell(
            moment(outage.start_s),
            f"{outage.start_s:.6f}",
            tone="figure",
            zoom=whereabouts(outage),
        ),
        text(observer),
        number(duration(outage.at_least_s), outage.at_least_s),
        _at_most(outage),
        number(share(outage.share), outage.share),
        text(outcomes),
        text(outage.told),
        text("; ".join(place for place in places if place)),
        text("no claim" if first is None else first, tone, first.anchor if first else ""),
    )


def brownouts(record: RunRecord) -> Iterator[Table]:
    """The table of the stretches in which answers were slow, if there were any."""
    columns = (
        Column("at", "start_s", numeric=True),
        Column("observer", "observer"),
        Column("lasted", "at_least_s", numeric=True),
        Column("at most", "at_most_s", numeric=True),
        Column("slower than", "slow_s", numeric=True),
        Column("slow answers", "slow", numeric=True),
        Column("slowest", "slowest_s", numeric=True),
        Column("during", "during", wide=True),
        Column("where", "where", wide=True),
    )
    rows = [(seen, row) for seen in record.observers for row in seen.brownouts]
    rows.sort(key=lambda pair: -pair[1].weight)
    hidden = sum(seen.brownout_count for seen in record.observers) - len(rows)
    if rows:
        yield Table(
            "brownouts",
            "Slow answers",
            columns,
            [_brownout(seen, row) for seen, row in rows],
            note=f"{hidden} less severe ones are not listed." if hidden > 0 else "",
        )


def _brownout(seen: ObserverResult, row: BrownoutRow) -> tuple[Cell, ...]:
    return (
        number(moment(row.start_s), row.start_s),
        text(seen.name),
        number(duration(row.at_least_s), row.at_least_s),
        _at_most(row),
        number(duration(seen.slow_s), seen.slow_s),
        number(str(row.slow), row.slow),
        number(duration(row.slowest_s), row.slowest_s),
        text(row.told),
        text("; ".join(place for place in (row.target, ", ".join(row.nodes)) if place)),
    )


def _at_most(outage: OutageRow | BrownoutRow) -> Cell:
    if outage.at_most_s is None:
        return text("not seen", "muted")
    return number(duration(outage.at_most_s), outage.at_most_s)


def observers(record: RunRecord) -> Table:
    """What each observer saw in all."""
    columns = (
        Column("observer", "observer"),
        Column("samples", "samples", numeric=True),
        Column("failed", "failures", numeric=True),
        Column("ratio", "failure_ratio", numeric=True),
        Column("p50", "p50_s", numeric=True),
        Column("p99", "p99_s", numeric=True),
        Column("down at least", "downtime_s", numeric=True),
        Column("longest gap", "longest_gap_s", numeric=True),
        Column("outages", "outages", numeric=True),
        Column("blind", "blind_share", numeric=True),
        Column("notices outages from", "resolution_s", numeric=True),
        Column("not counted", "suspect", numeric=True),
    )
    notes = [f"{seen.name}: {note}" for seen in record.observers for note in seen.notes]
    return Table(
        "observers",
        "What the observers saw",
        columns,
        [_observer(seen) for seen in record.observers],
        note=" ".join(f"{note}." for note in notes),
    )


def _observer(seen: ObserverResult) -> tuple[Cell, ...]:
    bound = "≥ " if seen.censored else ""
    return (
        text(seen.name),
        number(str(seen.samples), seen.samples),
        number(str(seen.failures), seen.failures, "fail" if seen.failures else ""),
        number(share(seen.failure_ratio), seen.failure_ratio),
        number(duration(seen.p50_s), seen.p50_s),
        number(bound + duration(seen.p99_s), seen.p99_s),
        number(duration(seen.downtime_s), seen.downtime_s),
        number(duration(seen.longest_gap_s), seen.longest_gap_s),
        number(str(seen.outage_count), seen.outage_count),
        number(share(seen.blind_share), seen.blind_share),
        number(duration(seen.resolution_s), seen.resolution_s),
        number(str(seen.suspect), seen.suspect),
    )


def streams(seen: Mapping[str, Seen]) -> Table:
    """What each stream saw, over the whole watched window."""
    columns = (
        Column("observer", "observer"),
        Column("stream", "stream", whole=True),
        Column("node", "node", whole=True),
        Column("target", "target"),
        Column("samples", "samples", numeric=True),
        Column("failed", "failures", numeric=True),
        Column("p50", "p50_s", numeric=True),
        Column("p99", "p99_s", numeric=True),
        Column("slowest", "max_s", numeric=True),
        Column("blind", "blind_share", numeric=True),
    )
    rows = [
        _stream(name, part) for name, view in seen.items() for part in view.by_stream().values()
    ]
    return Table("streams", "Each stream", columns, rows)


def _stream(observer: str, seen: Seen) -> tuple[Cell, ...]:
    stream = seen.streams[0]
    return (
        text(observer),
        text(stream.name),
        text(stream.node),
        text(stream.target),
        number(str(seen.count), seen.count),
        number(str(seen.failures), seen.failures, "fail" if seen.failures else ""),
        *_latencies(seen),
        number(share(seen.coverage.blind_by_stream[stream.name]), seen.blind_share),
    )


def _latencies(seen: Seen) -> Iterator[Cell]:
    try:
        p50, _, p99, longest = seen.counts.common
    except Inconclusive:
        yield from (number(NOTHING, None),) * 3
        return
    for quantile in (p50, p99, longest):
        bound = "≥ " if quantile.censored else ""
        yield number(bound + duration(quantile.value_s), quantile.value_s)
