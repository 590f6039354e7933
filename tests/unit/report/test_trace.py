"""The Chrome trace: what its readers ask of it, and what a pass needs in it."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.synthetic import Shape, write_run
from tests.unit.report.test_html_lanes import SPANS
from tests.unit.report.test_record import record
from tests.unit.report.test_summary import OUTAGE, SEEN
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.report import BrownoutRow, save_record
from upgrade_e2e.report.trace import save_trace, trace_events
from upgrade_e2e.timeline import INTERRUPTED, Span

BROWNOUT = BrownoutRow(
    target="web.svc",
    start_s=12.0,
    at_least_s=0.6,
    at_most_s=0.7,
    slow=7,
    slowest_s=1.02,
    share=1.0,
    cause=("drain worker",),
    told="drain worker",
    nodes=("worker2",),
)


def events(run, kind="X"):
    """The events of one kind."""
    return [event for event in trace_events(run) if event["ph"] == kind]


def assert_nested(run):
    """Events of one thread are apart or one inside the other, as the format demands."""
    threads = defaultdict(list)
    for event in events(run):
        threads[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for spans in threads.values():
        spans.sort(key=lambda span: (span[0], -span[1]))
        open_until = []
        for start, end in spans:
            while open_until and open_until[-1] <= start:
                open_until.pop()
            assert not open_until or end <= open_until[-1]
            open_until.append(end)


STARTS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40), st.sampled_from("ab")))


@given(SPANS, STARTS)
def test_events_of_one_thread_nest(spans, starts):
    outages = tuple(
        dataclasses.replace(OUTAGE, start_s=start / 7, at_least_s=length / 11, target=target)
        for start, length, target in starts
    )
    assert_nested(
        record(spans=tuple(spans), observers=(dataclasses.replace(SEEN, outages=outages),))
    )


def test_a_whole_pass_becomes_a_trace(tmp_path):
    run = write_run(tmp_path, Shape(60, 20, simulated=True))
    document = json.loads(save_trace(tmp_path, tmp_path / "trace.json").read_text())
    assert document["otherData"]["simulated"] is True
    assert_nested(run)
    made = document["traceEvents"]
    steps = [event for event in made if event.get("cat") in ("step", "phase")]
    assert {event["name"] for event in steps} == {span.name for span in run.spans}
    outages = [event for event in made if event.get("cat") == "outage"]
    assert len(outages) == sum(len(seen.outages) for seen in run.observers)
    names = {event["args"]["name"] for event in made if event["name"] == "process_name"}
    assert "upgrade v1.33.13 -> v1.34.4 (SIMULATED)" in names
    assert "outages seen by dns" in names


def test_times_are_microseconds_of_the_pass():
    (event,) = events(record(spans=(Span("drain w", "drain", 1.25, 3.0, "w", "a->b"),)))
    assert (event["ts"], event["dur"]) == (1_250_000, 1_750_000)
    assert event["args"] == {"node": "w", "hop": "a->b"}


def test_an_interrupted_step_did_not_fail():
    (event,) = events(record(spans=(Span("drain w", "drain", 1.0, 2.0, error=INTERRUPTED),)))
    assert event["name"] == "drain w INTERRUPTED"


def test_a_failed_step_says_so():
    (event,) = events(record(spans=(Span("drain w", "drain", 1.0, 2.0, error="exit 1"),)))
    assert event["name"] == "drain w FAILED"
    assert event["args"]["error"] == "exit 1"


def test_an_outage_carries_its_facts_and_the_claims():
    run = record(
        spans=(),
        observers=(dataclasses.replace(SEEN, outages=(OUTAGE,)),),
        scenarios=(dataclasses.replace(record().scenarios[0], observers=("web",)),),
    )
    (event,) = events(run)
    assert event["name"] == "5 refused, 2 5xx"
    assert event["dur"] == 400_000
    assert event["args"]["during"] == "drain worker"
    assert event["args"]["claims"] == ["FAIL: x holds"]


@given(STARTS, STARTS)
def test_brownouts_are_on_threads_of_their_own(outages, slow):
    rows = [
        tuple(
            dataclasses.replace(row, start_s=start / 7, at_least_s=length / 11, target=target)
            for start, length, target in starts
        )
        for row, starts in ((OUTAGE, outages), (BROWNOUT, slow))
    ]
    seen = dataclasses.replace(SEEN, outages=rows[0], brownouts=rows[1])
    run = record(spans=(), observers=(seen,))
    assert_nested(run)
    made = [event for event in events(run) if event["cat"] == "brownout"]
    assert len(made) == len(slow)
    threads = {event["tid"] for event in events(run) if event["cat"] == "outage"}
    assert threads.isdisjoint(event["tid"] for event in made)


def test_a_brownout_carries_its_facts_and_the_claims():
    run = record(
        spans=(),
        observers=(dataclasses.replace(SEEN, outages=(), brownouts=(BROWNOUT,)),),
        scenarios=(dataclasses.replace(record().scenarios[0], observers=("web",)),),
    )
    (event,) = events(run)
    assert event["name"] == "7 slow"
    assert event["dur"] == 600_000
    facts = {key: event["args"][key] for key in ("slowest_s", "during", "nodes", "claims")}
    assert facts == {
        "slowest_s": 1.02,
        "during": "drain worker",
        "nodes": ["worker2"],
        "claims": ["FAIL: x holds"],
    }
    names = {made["args"]["name"] for made in events(run, "M") if made["name"] == "thread_name"}
    assert "slow: web.svc" in names


def test_a_damaged_run_is_named_and_no_file_is_left(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(DamagedRecord):
        save_trace(tmp_path, tmp_path / "trace.json")
    assert not (tmp_path / "trace.json").exists()


def test_a_run_without_a_cluster_is_a_trace_too(tmp_path):
    save_record(record(spans=(), cluster_made=False), tmp_path)
    document = json.loads(save_trace(tmp_path, tmp_path / "t.json").read_text())
    assert document["otherData"]["verdict"] == "FAIL"
