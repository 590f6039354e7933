"""Outages and the sentences they break, linked in both directions."""

from __future__ import annotations

import dataclasses

from tests.unit.report.test_record import record
from tests.unit.report.test_summary import OUTAGE, SEEN
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.report.html.claims import claims_on, linked, outage_id, whereabouts

BROKEN = ScenarioResult(
    "test_web",
    "Requests succeed.",
    Verdict.FAIL,
    "web: 7 failed\n  1. at 12.35 s for 400 ms, drain worker\n  2. at 99.00 s for 1 ms, settle",
    ("web",),
)
HELD = ScenarioResult("test_edge", "The edge holds.", Verdict.PASS, "", ("web", "edge"))
RUN = record(
    scenarios=(HELD, BROKEN),
    observers=(dataclasses.replace(SEEN, outages=(OUTAGE,)),),
)


def test_the_broken_claim_is_named_first():
    first, second = claims_on(RUN, "web", OUTAGE)
    assert str(first) == "broke: Requests succeed."
    assert first.anchor == "scenario-2"
    assert str(second) == "within the limit of: The edge holds."


def test_an_outage_that_the_explanation_does_not_name_only_counts_against_the_claim():
    other = dataclasses.replace(OUTAGE, start_s=40.0)
    assert str(claims_on(RUN, "web", other)[0]) == "counts against: Requests succeed."


def test_a_claim_about_another_observer_is_not_named():
    assert claims_on(RUN, "dns", OUTAGE) == ()


def test_the_moments_of_an_explanation_lead_to_the_timeline():
    parts = linked(RUN, BROKEN)
    assert "".join(part.text for part in parts) == BROKEN.explanation
    known, unknown = [part for part in parts if part.zoom]
    assert known.text == "at 12.35 s"
    assert known.zoom == whereabouts(OUTAGE)
    assert known.outage == outage_id("web", 1)
    assert unknown.outage == ""
    assert unknown.zoom.start_s < 99.0 < unknown.zoom.end_s


def test_an_outage_is_shown_with_what_is_around_it():
    shown = whereabouts(dataclasses.replace(OUTAGE, at_least_s=0.4, at_most_s=0.9))
    assert shown.start_s < OUTAGE.start_s - 0.5
    assert shown.end_s > OUTAGE.start_s + 0.9
    early = whereabouts(dataclasses.replace(OUTAGE, start_s=0.01))
    assert early.start_s == 0.0
