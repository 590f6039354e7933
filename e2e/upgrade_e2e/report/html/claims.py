"""Which claims an outage counts against, and which outages an explanation mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from upgrade_e2e.format import moment
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.record import OutageRow, RunRecord, ScenarioResult
from upgrade_e2e.timeline import Window

__all__ = ["OutageClaim", "Part", "claims_on", "linked", "outage_id", "whereabouts"]

_MOMENT = re.compile(r"\bat (\d+\.\d\d) s\b")
_MARGIN = 0.75
_MARGIN_S = 0.1


@dataclass(frozen=True)
class OutageClaim:
    """A claim about the observer that saw an outage.

    `number` is the scenario's place in the record. `named` is true when its explanation mentions
    this outage.
    """

    number: int
    scenario: ScenarioResult
    named: bool

    @property
    def broken(self) -> bool:
        """Whether the claim does not hold."""
        return self.scenario.verdict is Verdict.FAIL

    @property
    def anchor(self) -> str:
        """The id of the scenario on the page."""
        return f"scenario-{self.number + 1}"

    def __str__(self) -> str:
        words = {
            Verdict.FAIL: "broke" if self.named else "counts against",
            Verdict.PASS: "within the limit of",
            Verdict.INCONCLUSIVE: "inconclusive",
            Verdict.SKIP: "skipped",
        }
        return f"{words[self.scenario.verdict]}: {self.scenario.claim}"


@dataclass(frozen=True)
class Part:
    """A piece of an explanation; with `zoom` it is about that part of the timeline.

    `outage` is the id of the outage it is about; empty when the record does not keep it.
    """

    text: str
    zoom: Window | None = None
    outage: str = ""


def claims_on(record: RunRecord, observer: str, outage: OutageRow) -> tuple[OutageClaim, ...]:
    """The claims about what `observer` saw, the broken ones that name this outage first."""
    found = [
        OutageClaim(number, scenario, f"at {moment(outage.start_s)}" in scenario.explanation)
        for number, scenario in enumerate(record.scenarios)
        if observer in scenario.observers
    ]
    return tuple(sorted(found, key=lambda claim: (not claim.broken, not claim.named)))


def linked(record: RunRecord, scenario: ScenarioResult) -> tuple[Part, ...]:
    """An explanation cut into parts, so that the moments it names can be looked at."""
    return tuple(_parts(record, scenario))


def _parts(record: RunRecord, scenario: ScenarioResult) -> Iterator[Part]:
    text, done = scenario.explanation.strip(), 0
    for match in _MOMENT.finditer(text):
        if match.start() > done:
            yield Part(text[done : match.start()])
        yield _found(record, scenario, match)
        done = match.end()
    if done < len(text):
        yield Part(text[done:])


def _found(record: RunRecord, scenario: ScenarioResult, match: re.Match[str]) -> Part:
    text, moment = match.group(), match.group(1)
    for observer in record.observers:
        if observer.name in scenario.observers:
            for number, outage in enumerate(observer.outages, start=1):
                if f"{outage.start_s:.2f}" == moment:
                    return Part(text, whereabouts(outage), outage_id(observer.name, number))
    return Part(text, Window(max(0.0, float(moment) - 0.5), float(moment) + 0.5))


def outage_id(observer: str, number: int) -> str:
    """The id of an outage on the page, by its place in the record: `outage-dns-1`."""
    return f"outage-{observer}-{number}"


def whereabouts(outage: OutageRow) -> Window:
    """The outage with enough around it to see how it began and ended."""
    length = outage.at_least_s
    if outage.at_most_s is not None:
        length = max(length, outage.at_most_s)
    margin = length * _MARGIN + _MARGIN_S
    return Window(max(0.0, outage.start_s - margin), outage.start_s + length + margin)
