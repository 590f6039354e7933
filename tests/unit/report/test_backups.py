"""Backups in what a pass leaves: files, record, summary and page."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit.backups.made import OTHER_UID
from tests.unit.judge.test_backups import GOOD, SPANS, WRITES, taken
from tests.unit.report.test_record import record
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import (
    backup_rows,
    load_record,
    load_timeline,
    render_run,
    save_backups,
    save_record,
    save_samples,
)
from upgrade_e2e.report.html import Drawn
from upgrade_e2e.report.html.page import render_page
from upgrade_e2e.timeline import BackupLog, Samples, Timeline, Window

LOG = BackupLog(
    "place",
    "0d7cb0a3-1b9c-4c0e-9d53-3f0f3f1c2a11",
    WRITES,
    (*GOOD, taken(4, 295.0, cluster=OTHER_UID), taken(5, 150.0, error="no answer")),
)
TIMELINE = Timeline(
    Window(60.0, 300.0), SPANS, {"backup": Samples.empty()}, backups={"backup": LOG}
)
RECORD = record(backups=backup_rows(TIMELINE))


def test_rows_come_in_the_order_of_time_with_their_verdicts():
    found = [(row.name, row.verdict) for row in RECORD.backups]
    assert found == [
        ("backup-0001.db", "whole"),
        ("backup-0005.db", "failed"),
        ("backup-0002.db", "whole"),
        ("backup-0003.db", "whole"),
        ("backup-0004.db", "foreign"),
    ]
    assert RECORD.backups[1].why == "no answer"
    assert RECORD.backups[0].restore_s == pytest.approx(0.1)


def test_a_snapshot_that_was_not_read_back_says_why():
    unread = dataclasses.replace(GOOD[0], read=None)
    log = dataclasses.replace(LOG, snapshots=(unread,), trouble="no programs")
    (row,) = backup_rows(dataclasses.replace(TIMELINE, backups={"backup": log}))
    assert (row.verdict, row.why) == ("not read back", "no programs")


def test_what_is_saved_is_loaded_for_judging_again(tmp_path):
    save_record(RECORD, tmp_path)
    save_samples(TIMELINE.samples, tmp_path)
    save_backups(TIMELINE.backups, tmp_path)
    assert load_record(tmp_path) == RECORD
    assert load_timeline(tmp_path).backups == TIMELINE.backups


def test_a_torn_file_about_backups_is_damage(tmp_path):
    save_record(RECORD, tmp_path)
    save_backups(TIMELINE.backups, tmp_path)
    file = tmp_path / "backups" / "backup.json"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DamagedRecord, match=r"backup\.json is not a whole file"):
        load_timeline(tmp_path)


def test_a_pass_without_backups_leaves_no_folder_and_no_table(tmp_path):
    save_backups({}, tmp_path)
    assert not (tmp_path / "backups").exists()
    assert "Snapshots of etcd" not in render_run(record())


def test_the_summary_has_a_row_for_each_snapshot():
    text = render_run(RECORD)
    assert "## Snapshots of etcd, restored" in text
    (row,) = [line for line in text.splitlines() if "backup-0004.db" in line]
    assert row.startswith("| 295.00 s | backup | backup-0004.db | cp | foreign | 1000 bytes |")
    assert OTHER_UID in row


def test_the_page_has_a_table_of_them():
    page = render_page(RECORD, Drawn(Views(TIMELINE, Limits.default())))
    assert "Snapshots of etcd, restored" in page
    assert "backup-0004.db" in page
