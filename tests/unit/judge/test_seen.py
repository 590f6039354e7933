"""Narrowing a view, and what it tells of itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.judge import sentence, view_of
from upgrade_e2e.timeline import Connection, Outcome, Span

from .figures import figures
from .made import failing, steady, to_timeline

WHOLE = (0, 10_000_000)
SPANS = [
    Span("drain worker", "drain", 2.0, 4.0, "worker", "a->b"),
    Span("kubelet worker", "kubelet", 4.0, 5.0, "worker", "a->b"),
    Span("kubelet worker: restart", "restart", 4.5, 5.0, "worker", "a->b", "kubelet worker"),
]


@pytest.fixture
def seen():
    fail = failing(range(300, 320))
    lines = [
        steady(name="new@e2e-worker", node="e2e-worker", fail=fail),
        steady(name="reused@e2e-worker", node="e2e-worker"),
        steady(name="new@e2e-worker2", node="e2e-worker2", fail=failing([450], Outcome.TIMEOUT)),
    ]
    timeline = to_timeline(lines, *WHOLE, SPANS)
    samples = timeline.samples["web"]
    streams = tuple(
        replace(s, connection=Connection[s.name.split("@")[0].upper()]) for s in samples.streams
    )
    return view_of(replace(timeline, samples={"web": replace(samples, streams=streams)}), "web")


def test_only_by_kind_name_node_target_and_connection(seen):
    assert seen.only(stream="new").count == 2000
    assert seen.only(stream="new@e2e-worker").count == 1000
    assert seen.only(connection="reused").failures == 0
    assert seen.only(target="web").count == 3000
    assert seen.on("worker").count == seen.on("e2e-worker").count == 2000
    assert seen.on("worker2").only(stream="new").failures == 1


@pytest.mark.parametrize("stream", ["neew", "new@worker"])
def test_a_stream_that_is_not_there_is_named_with_those_that_are(seen, stream):
    with pytest.raises(BadInput, match=r"its streams: new@e2e-worker, reused@e2e-worker"):
        seen.only(stream=stream)


def test_by_node_and_by_stream(seen):
    assert {node: view.failures for node, view in seen.by_node().items()} == {
        "e2e-worker": 20,
        "e2e-worker2": 1,
    }
    assert [view.failures for view in seen.by_stream().values()] == [20, 0, 1]


def test_streams_can_be_left_out(seen):
    kinds = {stream.name for stream in seen.streams}
    left = {stream.name for stream in seen.without(stream="new@e2e-worker").streams}
    assert left == kinds - {"new@e2e-worker"}
    with pytest.raises(BadInput, match="no stream but those with"):
        seen.only(stream="new@e2e-worker").without(stream="new")


def test_during_a_step_or_a_phase(seen):
    assert seen.during("drain").failures == 20
    assert seen.during("drain worker").count == 600
    assert seen.during("restart").failures == 1
    assert seen.during("kubelet").failures == 1
    assert seen.during("drain").during("kubelet").count == 0
    assert seen.during("drain").downtime_s == pytest.approx(0.19)


def test_a_step_that_is_not_there_is_named_with_those_that_are(seen):
    with pytest.raises(BadInput, match=r"no step 'dran'; its kinds of step: drain, kubelet"):
        seen.during("dran")


def test_figures_are_plain_data(seen):
    told = json.loads(json.dumps(figures(seen), allow_nan=False))
    assert told["count"] == 3000
    assert told["failures"] == 21
    assert told["max_s"] == 2.0
    assert told["max_censored"] is True
    assert told["p50_censored"] is False
    assert told["episodes"] == 2


def test_explain_tells_what_failed_when_where_and_during_which_step(seen):
    assert seen.explain().splitlines() == [
        "web: 21 of 3000 probes failed (0.7%): 20 refused, 1 timeout",
        "latency (100% of the probes were on time): p50 1 ms, p95 1 ms, p99 1 ms, longest >= 2 s",
        "down for 200 ms to 232 ms in 2 outages; the longest on one stream 190 ms to 211 ms",
        "tried again once after 5 s: 0 of 3000 failed again",
        "bad seconds, with a failure or a slow answer: 2 of 10 (1%, of 200 s at least)",
        "blind for 0% of the time; chance to see an outage of 10 ms 100%, 30 ms 100%, "
        "100 ms 100%, 1 s 100%",
        "  1. at 3.00 s for 190 ms to 211 ms, drain worker: 20 refused; web from new@e2e-worker; "
        "partial: at worst 33.3% of the probes failed",
        "  2. at 4.50 s for 10 ms to 21 ms, kubelet worker: restart: 1 timeout; web from "
        "new@e2e-worker2; partial: at worst 33.3% of the probes failed",
    ]


@pytest.mark.parametrize(("count", "end"), [(11, "  and 1 more"), (10, "web from new@worker")])
def test_explain_stops_after_the_worst(count, end):
    fail = failing(range(50, 50 + 50 * count, 50))
    text = view_of(to_timeline([steady(fail=fail)], *WHOLE), "web").explain()
    assert "  10. " in text
    assert "  11. " not in text
    assert text.endswith(end)


def test_explain_without_failures_is_short():
    text = view_of(to_timeline([steady()], *WHOLE), "web").explain()
    assert text.splitlines()[0] == "web: 0 of 1000 probes failed (0%)"
    assert len(text.splitlines()) == 3


def test_a_sentence_tells_what_was_not_seen():
    line = steady(fail=failing([499, 900]))
    line.shots = line.shots[:500] + line.shots[900:]
    (outage,) = view_of(to_timeline([line], *WHOLE), "web").stream_outages
    assert sentence(outage).endswith("the probers were blind for 4 s of it, from 5.00 s")


def test_bounds_that_were_not_seen_are_not_made_up():
    text = view_of(to_timeline([steady(fail=failing(range(900, 1000)))], *WHOLE), "web").explain()
    assert "down for 990 ms or more in 1 outage; the longest on one stream 990 ms or more" in text
