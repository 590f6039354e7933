"""How etcd fared: from readings to the record, the summary and the page; and readings on disk."""

from __future__ import annotations

import pytest

from tests.synthetic import Shape, write_run
from tests.unit.judge.made import to_timeline
from tests.unit.judge.readings import counted
from tests.unit.judge.test_etcd import at_the_end, led, lines, number
from tests.unit.report.test_record import record
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import (
    EtcdResult,
    etcd_result_of,
    load_record,
    load_timeline,
    render_run,
    save_readings,
    save_record,
)
from upgrade_e2e.report.html import Drawn, render_page
from upgrade_e2e.timeline import Readings, Timeline

RESULT = EtcdResult(
    members=3,
    rolled=3,
    leader_changes=4,
    leaderless_s=1.5,
    fsync_p99_s=0.012,
    commit_p99_s=0.034,
    round_trip_p99_s=0.005,
    quota_share=0.004,
    same=True,
    lost=0,
)
LINE = (
    "3 members; 4 changes of leader; longest 1.5 s without one; p99 of WAL fsync 12 ms, commits "
    "34 ms, round trips 5 ms; 0.4% of the quota; all hold the same; 0 acknowledged writes lost"
)


def views_with(*readings):
    """The views of a pass with one member of etcd, of which this was read."""
    made = to_timeline(list(lines()), 0, 100_000_000)
    read = {"web": Readings(readings)} if readings else {}
    return Views(Timeline(made.watched, made.spans, made.samples, read), Limits.default())


def test_the_figures_of_the_worst_member_are_kept():
    slow = "etcd_disk_wal_fsync_duration_seconds_bucket"
    found = etcd_result_of(
        views_with(
            led(5, 6, 7),
            number("etcd_server_leader_changes_seen_total", 1, 3),
            number(slow, 0, 10, le="0.5"),
            number(slow, 0, 10, le="+Inf"),
            at_the_end("etcd_hashkv", 7.0, "e2e-control-plane"),
        )
    )
    assert (found.members, found.leader_changes, found.leaderless_s) == (1, 2, 2.0)
    assert found.fsync_p99_s == pytest.approx(0.495)
    assert (found.same, found.lost) == (True, 0)
    assert found.round_trip_p99_s is None


def test_a_percentile_above_all_bounds_is_kept_as_unknown():
    slow = "etcd_disk_wal_fsync_duration_seconds_bucket"
    beyond = [number(slow, 0, 0, le="8"), number(slow, 0, 9, le="+Inf")]
    assert etcd_result_of(views_with(led(), *beyond)).fsync_p99_s is None


def test_where_nothing_asked_etcd_there_is_no_result():
    assert etcd_result_of(views_with()) is None
    assert etcd_result_of(views_with(counted("kubelet_evictions", 0, 1))) is None


def test_it_is_one_line_of_the_summary_and_of_the_page(tmp_path):
    assert str(RESULT) == LINE
    with_etcd = record(etcd=RESULT)
    save_record(with_etcd, tmp_path)
    assert load_record(tmp_path) == with_etcd
    assert f"- etcd: {LINE}\n" in render_run(with_etcd)
    assert "without one; p99 of WAL" in render_page(with_etcd, Drawn(views_with()))


def test_a_lone_member_has_no_round_trips():
    alone = EtcdResult(members=1)
    assert str(alone).startswith("one member; ")
    assert "round trips" not in str(alone)


def test_readings_are_loaded_with_the_pass_and_older_passes_have_none(tmp_path):
    write_run(tmp_path, Shape(20, 10))
    assert load_timeline(tmp_path).readings == {}
    save_readings({"etcd": Readings((counted("m", 1, 2, le="1"),))}, tmp_path)
    (loaded,) = load_timeline(tmp_path).readings["etcd"].series
    assert (loaded.metric, loaded.labels, loaded.value.tolist()) == ("m", {"le": "1"}, [1, 2])
    (tmp_path / "readings" / "etcd.npz").write_bytes(b"torn")
    with pytest.raises(DamagedRecord):
        load_timeline(tmp_path)


def test_without_readings_there_is_no_folder(tmp_path):
    save_readings({}, tmp_path)
    assert not list(tmp_path.iterdir())
