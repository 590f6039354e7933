"""What the timeline of the page is drawn from: steps, streams, outages, blind windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from upgrade_e2e.format import share
from upgrade_e2e.judge import Seen, Verdict
from upgrade_e2e.judge.evidence import Evidence
from upgrade_e2e.report.html.claims import claims_on, outage_id, whereabouts
from upgrade_e2e.report.html.drawn import Drawn
from upgrade_e2e.report.html.pack import Packed
from upgrade_e2e.report.lanes import lay_lanes
from upgrade_e2e.report.record import RunRecord
from upgrade_e2e.timeline import Outcome, Span, Timeline, Window

__all__ = ["FAMILIES", "Picture", "compose"]

FAMILIES: Mapping[str, tuple[Outcome, ...]] = {
    "ok": (Outcome.OK,),
    "does not count": (Outcome.NOT_SENT,),
    "wrong answer": (
        Outcome.HTTP_4XX,
        Outcome.HTTP_5XX,
        Outcome.BAD_ANSWER,
        Outcome.NXDOMAIN,
        Outcome.SERVFAIL,
        Outcome.DNS_ERROR,
        Outcome.CREATE_FAILED,
        Outcome.LOST,
        Outcome.WEBHOOK_FAILED,
        Outcome.ADMITTED,
        Outcome.OTHER,
    ),
    "cut off": (Outcome.RESET, Outcome.RESET_IN_BODY, Outcome.TLS_ERROR),
    "timeout": (Outcome.TIMEOUT,),
    "refused": (Outcome.REFUSED, Outcome.UNREACHABLE),
}
"""Outcomes that share a colour, the least severe first: where many fall on one pixel, the most
severe is drawn."""
_MARGIN = 0.03


@dataclasses.dataclass(frozen=True)
class Picture:
    """`facts` is for JSON; `packed` are the samples."""

    facts: Mapping[str, Any]
    packed: Packed


def compose(record: RunRecord, drawn: Drawn) -> Picture:
    """Everything that the timeline of the page shows."""
    timeline, seen = drawn.views.timeline, drawn.seen
    facts = {
        "origin_unix_s": record.started_unix_s,
        "span": _ends(record, timeline),
        "opening": _opening(record.watched, _ends(record, timeline)),
        "watched": _pair(record.watched),
        "steps_per_octave": drawn.packed.steps,
        "families": list(FAMILIES),
        "outcomes": _outcomes(),
        "doubts": {
            int(Evidence.SUSPECT): "the prober itself was stalled while it waited",
            int(Evidence.MASKED): "the API server was away, or the node had no news from it yet",
        },
        "lanes": [
            {
                "group": lane.group,
                "steps": [_span(span) for span in lane.steps],
                "phases": [_span(span) for span in lane.phases],
            }
            for lane in lay_lanes(record.spans)
        ],
        "observers": [
            {
                "name": name,
                "summary": _summary(view),
                "backends": list(timeline.samples[name].backends),
                "streams": drawn.strips[name],
            }
            for name, view in sorted(seen.items(), key=lambda item: _urgency(record, item[0]))
        ],
        "outages": _outages(record, seen),
    }
    return Picture(facts, drawn.packed)


def _outcomes() -> list[dict[str, Any]]:
    family = {outcome: index for index, key in enumerate(FAMILIES) for outcome in FAMILIES[key]}
    return [{"label": outcome.label, "family": family[outcome]} for outcome in Outcome]


def _ends(record: RunRecord, timeline: Timeline) -> list[float]:
    """From second zero, or the first thing that was seen before it, to the end of the pass."""
    firsts = [span.start_s for span in record.spans]
    lasts = [span.end_s for span in record.spans]
    for seen in timeline.samples.values():
        if len(seen):
            firsts.append(float(seen.intended_us.min()) / 1e6)
            lasts.append(float(seen.done_s.max()))
    lasts += [record.duration_s, record.watched.end_s]
    return [_us(min(0.0, *firsts)), _us(max(lasts))] if firsts else [0.0, _us(max(lasts))]


def _opening(watched: Window, ends: Sequence[float]) -> list[float]:
    """What is shown first: the watched window with a margin, or everything if there is none."""
    margin_s = watched.duration_s * _MARGIN
    if not margin_s:
        return list(ends)
    start_s, end_s = watched.start_s - margin_s, watched.end_s + margin_s
    return [_us(max(ends[0], start_s)), _us(min(ends[1], end_s))]


def _span(span: Span) -> dict[str, Any]:
    facts = {"name": span.name, "kind": span.kind, "node": span.node, "hop": span.hop}
    facts["error"] = span.error.strip()[:400]
    short = {key: value for key, value in facts.items() if value}
    return {**short, "start": _us(span.start_s), "end": _us(span.end_s)}


def _urgency(record: RunRecord, observer: str) -> tuple[int, str]:
    """Observers of a broken claim come first, then those of an inconclusive one."""
    verdicts = {s.verdict for s in record.scenarios if observer in s.observers}
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE)
    return next((n for n, one in enumerate(order) if one in verdicts), len(order)), observer


def _summary(seen: Seen) -> str:
    """What the observer saw, in a line."""
    if not seen.count:
        return "no sample counts"
    failed = "all good"
    if seen.failures:
        failed = f"{seen.failures} failed ({share(seen.failure_ratio)})"
    return f"{seen.count} samples, {failed}, blind for {share(seen.blind_share)} of the time"


def _outages(record: RunRecord, seen: Mapping[str, Seen]) -> list[dict[str, Any]]:
    """The outages that the record keeps, with the good answers around them as judged again."""
    around = {
        (name, outage.target, outage.start_s): (outage.good_before_s, outage.good_after_s)
        for name, view in seen.items()
        for outage in view.outage_set.worst(max(1, _kept(record, name)))
    }
    nothing = (None, None)
    return [
        {
            "id": outage_id(observer.name, number),
            "observer": observer.name,
            "target": outage.target,
            "start": _us(outage.start_s),
            "least": _us(outage.at_least_s),
            "before": around.get((observer.name, outage.target, outage.start_s), nothing)[0],
            "after": around.get((observer.name, outage.target, outage.start_s), nothing)[1],
            "most": None if outage.at_most_s is None else _us(outage.at_most_s),
            "share": round(outage.share, 4),
            "told": outage.told,
            "outcomes": dict(outage.outcomes),
            "nodes": list(outage.nodes),
            "backends": list(outage.backends),
            "zoom": _pair(whereabouts(outage)),
            "claims": [str(claim) for claim in claims_on(record, observer.name, outage)],
        }
        for observer in record.observers
        for number, outage in enumerate(observer.outages, start=1)
    ]


def _kept(record: RunRecord, observer: str) -> int:
    return sum(len(seen.outages) for seen in record.observers if seen.name == observer)


def _pair(window: Window) -> list[float]:
    return [_us(window.start_s), _us(window.end_s)]


def _us(seconds: float) -> float:
    """To the microsecond, the finest that samples know."""
    return round(seconds, 6)
