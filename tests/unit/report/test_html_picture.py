"""What the timeline is drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from tests.synthetic import Shape, make_run
from tests.unit.report.test_html_pack import unpack
from tests.unit.report.test_record import record
from upgrade_e2e.judge import Limit, Limits, Views, view_of
from upgrade_e2e.judge.evidence import Evidence
from upgrade_e2e.report.html import Drawn
from upgrade_e2e.report.html.picture import FAMILIES, compose
from upgrade_e2e.report.limits import limits_of
from upgrade_e2e.timeline import Outcome, SamplesBuilder, Stream, Timeline, Window


def picture(run, timeline):
    """The picture of a run as the page makes it."""
    return compose(run, Drawn(Views(timeline, Limits.default())))


@pytest.fixture(scope="module")
def made():
    """A pass and its picture."""
    run, timeline = make_run(Shape(60, 20))
    return run, timeline, picture(run, timeline)


def test_every_outcome_has_a_colour():
    assert sorted(o for outcomes in FAMILIES.values() for o in outcomes) == sorted(Outcome)
    assert next(iter(FAMILIES.values())) == (Outcome.OK,)


def test_blind_windows_are_those_of_the_judge(made):
    _, timeline, drawn = made
    found = 0
    for name in timeline.samples:
        blind = {t.stream.name: t.blind for t in view_of(timeline, name).scope.tracks}
        observer = next(o for o in drawn.facts["observers"] if o["name"] == name)
        for stream in observer["streams"]:
            edges = np.cumsum(stream["blind_us"])
            wanted = blind[stream["name"]]
            assert edges[::2].tolist() == wanted.start_us.tolist()
            assert edges[1::2].tolist() == wanted.end_us.tolist()
            found += len(wanted)
    assert found > 0


def test_the_span_holds_everything(made):
    run, timeline, drawn = made
    start, end = drawn.facts["span"]
    assert start <= 0.0
    assert end >= run.duration_s
    assert end >= max(seen.done_s.max() for seen in timeline.samples.values())


def test_it_opens_at_what_was_watched(made):
    run, _, drawn = made
    start, end = drawn.facts["opening"]
    assert 0.0 < start < run.watched.start_s < run.watched.end_s < end <= drawn.facts["span"][1]
    nothing = record(watched=Window(0.0, 0.0))
    empty = picture(nothing, Timeline(nothing.watched)).facts
    assert empty["opening"] == empty["span"]


def test_streams_are_labelled_with_the_node_as_steps_call_it(made):
    _, _, drawn = made
    labels = {s["name"]: s["label"] for o in drawn.facts["observers"] for s in o["streams"]}
    assert labels["new@e2e-worker2"] == "new@worker2"
    assert labels["new@e2e-control-plane"] == "new@control-plane"
    assert labels["ready@host"] == "ready@host"


def test_outages_carry_the_good_answers_around_them(made):
    _, _, drawn = made
    for outage in drawn.facts["outages"]:
        low, high = outage["zoom"]
        assert low <= outage["start"] <= outage["start"] + outage["least"] <= high
        if outage["most"] is not None:
            assert outage["after"] - outage["before"] == pytest.approx(outage["most"], abs=2e-6)
            assert outage["before"] <= outage["start"] <= outage["after"]


def test_observers_whose_claim_broke_come_first(made):
    run, _, drawn = made
    names = [observer["name"] for observer in drawn.facts["observers"]]
    broken = {n for s in run.scenarios if s.verdict == "FAIL" for n in s.observers}
    assert set(names[: len(broken)]) == broken


def test_a_timeout_that_the_prober_slept_through_is_marked_as_not_counting():
    builder = SamplesBuilder()
    stream = builder.add_stream(Stream("new@n", "n", "t", 0.1, 2.0))
    for place in range(200):
        asleep = 80 <= place < 90
        builder.add(
            stream,
            intended_us=place * 100_000,
            lateness_us=(90 - place) * 100_000 if asleep else 100,
            latency_us=2_000_000 if place == 79 else 900,
            outcome=Outcome.TIMEOUT if place == 79 else Outcome.OK,
        )
    timeline = Timeline(Window(0.0, 20.0), (), {"x": builder.build()})
    doubts = unpack(picture(record(), timeline).packed, "x", 0).columns["doubt"]
    assert [place for place, doubt in enumerate(doubts) if doubt] == [79]
    assert doubts[79] == Evidence.SUSPECT


def test_the_limits_of_the_run_are_those_it_was_judged_by():
    limit = Limit("instrument.late_s", 0.5, 0.01, "own choice")
    other = Limit("dns.p99_s", 0.25, 0.1, "dnsperfgo")
    unknown = Limit("instrument.of_a_later_version", 1.0, 2.0, "?")
    whole = Limit("instrument.min_samples", 7.0, 100.0, "quick", "a short pass")
    limits = limits_of(record(limits_changed=(limit, other, unknown, whole)))
    assert limits.instrument.late_s == 0.5
    assert limits.instrument.min_samples == 7
    assert limits.dns.p99_s == 0.25
    assert {row.key: row.reason for row in limits.table if row.overridden} == {
        "instrument.late_s": "",
        "instrument.min_samples": "a short pass",
        "dns.p99_s": "",
    }
    assert limits.instrument.asleep_share == Limits.default().instrument.asleep_share
