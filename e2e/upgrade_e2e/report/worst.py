"""Which of all that was seen in a pass is the worst: what broke a claim comes first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.record import (
    BrownoutRow,
    ObserverResult,
    OutageRow,
    RunRecord,
    ScenarioResult,
)
from upgrade_e2e.report.slow_event import SlowEvent, slow_events

__all__ = ["Event", "kind_of", "worst_events"]

Event = OutageRow | BrownoutRow | SlowEvent
_Seen = tuple[ObserverResult, Event]

_UNFELT = frozenset({"EtcdHealth", "NodeResources", "RuntimeAnswers"})
"""Types of observers whose holes nobody feels: a member of etcd is away whenever it is replaced,
and a kubelet lets nobody read while the API server is away for long."""
_OF_LATENCY = re.compile(r"\b(?:p\d\d|max|longest brownout|bad share) (?:is|may|must)\b")
"""How the first line of a claim reads that broke because answers were slow."""
_MOMENT = re.compile(r"\bat (\d+\.\d\d) s\b")
_NEAR_S = 0.01


def worst_events(run: RunRecord, most: int) -> list[_Seen]:
    """The worst event of each broken claim, then their others, then what no claim broke for.

    Each by length times share. Of those of one observer at one time there is one.
    """
    of_claims = [
        sorted(_of_claim(run, one), key=_order)
        for one in run.scenarios
        if one.verdict is Verdict.FAIL
    ]
    ranks = [sorted(filter(None, turn), key=_order) for turn in zip_longest(*of_claims)]
    first, others = (ranks[0], [one for rank in ranks[1:] for one in rank]) if ranks else ([], [])
    chosen: list[_Seen] = []
    for rank in (first, sorted(others, key=_order), sorted(_rows(run), key=_order)):
        for seen, event in rank:
            if len(chosen) < most and not any(
                seen is other and _is_same(event, kept) for other, kept in chosen
            ):
                chosen.append((seen, event))
    return chosen


def kind_of(run: RunRecord, label: str) -> str:
    """The type of an observer."""
    return run.observers_as_written.get(label, "").partition("(")[0]


def _of_claim(run: RunRecord, claim: ScenarioResult) -> Sequence[_Seen]:
    """The events that a broken claim is about: all of its observers where it names none."""
    rows = [pair for pair in _rows(run) if pair[0].name in claim.observers]
    slow = bool(_OF_LATENCY.search(claim.explanation.partition("\n")[0]))
    found = [pair for pair in rows if _is_named(pair[1], claim, slow=slow)]
    if slow and len(claim.observers) == 1:
        seen = next((one for one in run.observers if one.name == claim.observers[0]), None)
        if seen is not None and kind_of(run, seen.name) not in _UNFELT:
            found += [(seen, event) for event in slow_events(claim.explanation)]
    return found or rows


def _is_named(event: Event, claim: ScenarioResult, *, slow: bool) -> bool:
    """Whether a claim broke for this: it names an outage by its time, and no slow answers."""
    if isinstance(event, BrownoutRow):
        return slow
    until_s = event.start_s + event.at_least_s + _NEAR_S
    named = (float(at) for at in _MOMENT.findall(claim.explanation))
    return any(event.start_s - _NEAR_S <= at_s <= until_s for at_s in named)


def _rows(run: RunRecord) -> Iterator[_Seen]:
    for seen in run.observers:
        if kind_of(run, seen.name) not in _UNFELT:
            yield from ((seen, row) for row in seen.outages)
            yield from ((seen, row) for row in seen.brownouts)


def _order(pair: _Seen) -> tuple[float, float]:
    return -pair[1].weight, pair[1].start_s


def _is_same(one: Event, other: Event) -> bool:
    """Whether two events of one observer overlap; events of different streams stay apart."""
    if isinstance(one, SlowEvent) and isinstance(other, SlowEvent) and one.stream != other.stream:
        return False
    return (
        one.start_s <= other.start_s + other.at_least_s
        and other.start_s <= one.start_s + one.at_least_s
    )
