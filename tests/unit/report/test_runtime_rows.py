"""What a pass knows of container runtimes, from readings to record, summary and page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.judge.made import to_timeline
from tests.unit.judge.test_runtimes import WHOLE_S, api, called, kubelet, pods, reader
from tests.unit.report.test_record import record
from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import (
    NotReady,
    RuntimeRow,
    api_cost_of,
    load_record,
    render_run,
    runtime_line,
    runtime_rows,
    save_record,
)
from upgrade_e2e.report.html import Drawn, render_page
from upgrade_e2e.timeline import Readings, Timeline

SECOND = 1_000_000
ROWS = (
    RuntimeRow("e2e-control-plane", 3.0, None, 0.0),
    RuntimeRow("e2e-worker", 58.2, 60.0, 57.0),
    RuntimeRow("e2e-worker2", None, 1.5, 0.0, (NotReady(12.0, 4.0), NotReady(80.0, 49.8))),
)
LINE = (
    "a kubelet's list of its containers at most 58.2 s old (e2e-worker); no container came up for "
    "at most 1 min (e2e-worker); called Ready while it was silent for 57 s (e2e-worker); not "
    "Ready for 49.8 s (e2e-worker2)"
)


def views(**series):
    lines = [api(), pods((101, 60), (111, 50)), reader()]
    timeline = to_timeline(lines, 0, WHOLE_S * SECOND)
    read = {"web": Readings(tuple(one for some in series.values() for one in some))}
    return Views(replace(timeline, readings=read), Limits.default())


def test_each_node_has_a_row():
    series = {"said": [called(), called("cp")], "read": kubelet(frozen=[(100, 160)])}
    control, worker = runtime_rows(views(**series))
    assert control == RuntimeRow("cp", None, None, 0.0)
    assert worker.node == "worker"
    assert worker.pleg_age_s == pytest.approx(58, abs=3)
    assert worker.silence_s == pytest.approx(60)
    assert worker.lied_s == pytest.approx(60, abs=2)


def test_when_a_node_was_not_ready_is_kept():
    row = runtime_rows(views(said=[called(not_ready=[(40, 90)], away=[(200, 230)])]))[0]
    assert row.not_ready == (NotReady(40.0, 49.0),)


def test_a_pass_in_which_nobody_watched_runtimes_has_no_rows():
    assert runtime_rows(views(read=kubelet())) == ()
    empty = Views(Timeline(views().timeline.watched), Limits.default())
    assert runtime_rows(empty) == ()


def test_the_line_names_the_worst_node_of_each_kind():
    assert runtime_line(ROWS) == LINE
    fine = (RuntimeRow("w", 2.0, 1.0, 0.0),)
    assert "Ready" not in runtime_line(fine)
    assert runtime_line(()) == ""
    assert runtime_line((RuntimeRow("w", None, None, 0.0),)) == ""


def test_they_are_in_the_record_and_what_people_read(tmp_path):
    made = record(runtimes=ROWS)
    save_record(made, tmp_path)
    assert load_record(tmp_path).runtimes == ROWS
    assert f"- container runtimes: {LINE}" in render_run(made).splitlines()
    assert "container runtimes" not in render_run(record())
    page = render_page(made, Drawn(views()))
    assert "container runtimes" in page


def test_who_follows_more_events_says_when_a_node_had_news():
    """The starts of pods are fewer events than their whole lives."""
    few = to_timeline([api((100, 150)), pods((99, 80)), reader()], 0, WHOLE_S * SECOND)
    lives = [pods((99, 80)), replace(pods((99, 60)), name="deleted-to-gone@worker")]
    many = to_timeline([api((100, 150)), *lives], 0, WHOLE_S * SECOND)
    both = replace(few, samples={"runtime": few.samples["web"], "churn": many.samples["web"]})
    cost = api_cost_of(Views(both, Limits.default()))
    lone = replace(both, samples={"churn": many.samples["web"]})
    alone = api_cost_of(Views(lone, Limits.default()))
    assert cost.events_left == alone.events_left
    assert cost.events_left_out == alone.events_left_out
    assert cost.longest_without_news_s == alone.longest_without_news_s
