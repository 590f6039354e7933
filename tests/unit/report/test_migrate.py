"""Records of earlier versions are read as those of today; of later ones, nothing is guessed."""

from __future__ import annotations

import json

import pytest

from tests.stored import SCHEMA_1
from tests.unit.report.test_record import record
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.gate import run_of
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import load_record, save_record
from upgrade_e2e.report.html import render_html
from upgrade_e2e.report.record import SCHEMA_VERSION


def altered(folder, **changes):
    """The record of the simulated pass with some fields of its document replaced."""
    document = json.loads((SCHEMA_1 / "simulated" / "run.json").read_text()) | changes
    (folder / "run.json").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize(
    ("name", "verdict", "size", "pace"),
    [
        ("simulated", Verdict.PASS, (1, 2), 10.0),
        ("ha", Verdict.PASS, (3, 1), 1.0),
        ("broken-off", Verdict.FAIL, (0, 0), 1.0),
    ],
)
def test_a_record_of_schema_1_is_read_as_of_today(name, verdict, size, pace):
    before = (SCHEMA_1 / name / "run.json").read_bytes()
    assert json.loads(before)["schema_version"] == 1
    made = load_record(SCHEMA_1 / name)
    assert made.schema_version == SCHEMA_VERSION
    assert (made.verdict, made.control_planes, made.workers, made.pace) == (verdict, *size, pace)
    assert made.rejudged_unix_s is None
    assert "agent" in made.images
    assert made.image_digests == {}
    assert made.facts == ClusterFacts()
    assert made.observers
    assert not any(result.traceback for result in made.scenarios)
    assert (SCHEMA_1 / name / "run.json").read_bytes() == before


def test_without_an_inventory_the_steps_of_a_whole_upgrade_tell_the_size(tmp_path):
    made = load_record(altered(tmp_path, inventory=None))
    assert (made.control_planes, made.workers) == (1, 2)


def test_the_steps_of_an_upgrade_that_broke_off_do_not(tmp_path):
    failed = {"step": "drain worker", "reason": "no"}
    made = load_record(altered(tmp_path, inventory=None, failed_step=failed))
    assert (made.control_planes, made.workers) == (0, 0)


def test_steps_and_settings_have_the_names_of_today_and_a_history_the_old_ones(tmp_path):
    made = load_record(altered(tmp_path, choices={"settle": "60 s", "fault x": "x"}))
    kinds = {span.kind for span in made.spans}
    assert {"watch-before", "watch-after"} <= kinds
    assert not {"baseline", "settle"} & kinds
    assert made.choices == {"watch-after": "60 s", "fault x": "x"}
    run = run_of(made)
    assert run.choices == {"settle": "60 s"}
    assert {"baseline_s", "settle_s"} <= {figure.metric for figure in run.figures}


def test_what_was_migrated_is_stored_as_of_today(tmp_path):
    made = load_record(SCHEMA_1 / "ha")
    save_record(made, tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["schema_version"] == SCHEMA_VERSION
    assert load_record(tmp_path) == made


@pytest.mark.parametrize("damage", [{"inventory": []}, {"spans": [1]}, {"spans": None}])
def test_what_is_no_record_of_its_version_is_damage(tmp_path, damage):
    altered(tmp_path, **{"inventory": None, **damage})
    with pytest.raises(DamagedRecord, match="not a run record"):
        load_record(tmp_path)


def test_a_newer_schema_asks_for_the_newer_version(tmp_path):
    save_record(record(), tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    document["schema_version"] = SCHEMA_VERSION + 1
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(DamagedRecord, match=r"made by a newer upgrade-e2e; install"):
        load_record(tmp_path)


def test_a_folder_of_schema_1_gives_a_page_with_its_samples():
    page = render_html(SCHEMA_1 / "simulated")
    assert "<h1>PASS</h1>" in page
    assert "started-to-ready" in page
