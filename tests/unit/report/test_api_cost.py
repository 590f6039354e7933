"""What the absences of the API server cost, from samples to record, summary, page and trace."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.judge.made import failing, steady, to_samples, to_timeline
from tests.unit.judge.reference import Line, Shot
from tests.unit.report.test_record import record
from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import ApiCost, api_cost_of, load_record, render_run, save_record
from upgrade_e2e.report.html import Drawn, render_page
from upgrade_e2e.report.trace import trace_events
from upgrade_e2e.timeline import Outcome, Timeline, Window

SECOND = 1_000_000
COST = ApiCost(
    away_s=72.0,
    longest_away_s=68.0,
    times=2,
    longest_without_news_s={"a-worker": 94.0, "a-worker2": 68.5},
    left_out_s={"a-worker": 98.0, "a-worker2": 72.5},
    events_left_out=30,
    events_left=139,
    away=(Window(100.0, 168.0), Window(250.0, 254.0)),
    without_news={
        "a-worker": (Window(100.0, 194.0), Window(250.0, 254.0)),
        "a-worker2": (Window(100.0, 168.5), Window(250.0, 254.0)),
    },
)
LINE = "API away 1 min 12 s in all, longest 1 min 8 s; nodes without news up to 1 min 34 s"


def readyz(*away):
    """The API asked every 0.2 s for 300 s."""
    gone = [n for n in range(1500) if any(start <= n / 5 < end for start, end in away)]
    return steady(count=1500, interval=200_000, name="api@host", node="host", fail=failing(gone))


def pods(node, *events):
    """Deletions: begin, and how long until the pod is gone, in seconds."""
    shots = [
        Shot(round(at * SECOND), 0, round(took * SECOND), int(Outcome.OK)) for at, took in events
    ]
    return Line(f"deleted-to-gone@{node}", node, f"pods on {node}", 0, shots)


def views(*lines):
    timeline = to_timeline(lines, 0, 300 * SECOND)
    return Views(timeline, Limits.default())


def test_absences_and_the_time_without_news_of_each_node():
    cost = api_cost_of(
        views(readyz((100, 168)), pods("w", (170, 24)), pods("w2", (170, 2), (250, 1)))
    )
    assert cost.times == 1
    assert cost.away_s == cost.longest_away_s == pytest.approx(68.2, abs=0.3)
    assert cost.longest_without_news_s == pytest.approx({"w": 94.2, "w2": 72.2}, abs=0.3)
    assert cost.left_out_s == cost.longest_without_news_s
    assert (cost.events_left_out, cost.events_left) == (2, 1)
    assert cost.left_out_line == "up to 1 min 34 s of a node; 1 of 3 events remain"
    assert cost.without_news["w"][0].end_s == pytest.approx(194)
    assert str(cost).endswith("nodes without news up to 1 min 34 s")


def test_a_pass_in_which_nothing_followed_pods_has_no_nodes():
    made = to_timeline([steady(count=300, interval=SECOND)], 0, 300 * SECOND)
    asked = to_samples([replace(readyz((100, 168)), name="readyz@host")])
    cost = api_cost_of(
        Views(replace(made, samples={**made.samples, "api": asked}), Limits.default())
    )
    assert (cost.longest_without_news_s, cost.without_news) == ({}, {})
    assert str(cost) == "API away 1 min 8 s in all, longest 1 min 8 s"


def test_an_api_server_that_was_always_there_costs_nothing():
    cost = api_cost_of(views(readyz(), pods("w", (170, 24))))
    assert (cost.times, cost.longest_without_news_s) == (0, {"w": 0.0})
    assert str(cost) == "API never away for a second or more"
    assert cost.left_out_line == ""


def test_nothing_is_known_where_nobody_asked():
    assert api_cost_of(views(steady(count=300, interval=SECOND))) is None


def test_it_is_kept_and_an_older_record_has_none(tmp_path):
    save_record(record(api_cost=COST), tmp_path)
    assert load_record(tmp_path).api_cost == COST
    document = json.loads((tmp_path / "run.json").read_text())
    del document["api_cost"]
    (tmp_path / "run.json").write_text(json.dumps(document))
    assert load_record(tmp_path).api_cost is None


def test_the_summary_has_it_in_one_line():
    assert f"- cost of this topology: {LINE}" in render_run(record(api_cost=COST)).splitlines()
    said = "- left out of claims about pods: up to 1 min 38 s of a node; 139 of 169 events remain"
    assert said in render_run(record(api_cost=COST)).splitlines()
    assert "cost of this topology" not in render_run(record())


def test_the_page_has_it_among_its_facts():
    drawn = Drawn(views(steady(count=300, interval=SECOND)))
    page = render_page(record(api_cost=COST), drawn)
    assert "139 of 169 events remain" in page
    assert LINE in page.replace("<wbr>", "").replace("\N{NO-BREAK SPACE}", " ")
    assert "cost of this topology" not in render_page(record(), drawn)


def test_the_trace_has_a_lane_for_the_api_server_and_one_for_each_node():
    made = list(trace_events(record(api_cost=COST)))
    lanes = {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in made
        if event["name"] == "thread_name"
    }
    found = [
        (lanes[event["pid"], event["tid"]], event["name"], event["ts"], event["dur"])
        for event in made
        if event.get("cat") == "api"
    ]
    assert found[0] == ("away", "API away", 100 * SECOND, 68 * SECOND)
    assert ("a-worker", "without news", 100 * SECOND, 94 * SECOND) in found
    assert len(found) == 6
    assert not [event for event in trace_events(record()) if event.get("cat") == "api"]


def test_what_is_followed_on_no_node_is_no_node_without_news():
    lines = (readyz((100, 168)), pods("host", (170, 2)), pods("w", (170, 24)))
    cost = api_cost_of(views(*lines))
    assert set(cost.longest_without_news_s) == set(cost.without_news) == {"w"}


def test_of_two_observers_on_a_node_the_first_one_says_when_it_had_news():
    churn = to_samples((readyz((100, 168)), pods("w", (170, 24))))
    other = to_samples((readyz((100, 168)), pods("w", (170, 2)), pods("w3", (170, 5))))
    seen = {"churn": churn, "deployments": other}
    timeline = Timeline(Window(0.0, 300.0), samples=seen)
    cost = api_cost_of(Views(timeline, Limits.default()))
    assert cost.longest_without_news_s == pytest.approx({"w": 94.2, "w3": 75.2}, abs=0.3)
