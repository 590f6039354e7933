"""run.json: what is written is read back; damage is named, never believed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import RunRecord, ScenarioResult, load_record, save_record, save_samples
from upgrade_e2e.report.record import SCHEMA_VERSION, FailedStep
from upgrade_e2e.timeline import Samples, Span, Window
from upgrade_e2e.upgrade import Component, Inventory


def record(**changes) -> RunRecord:
    """A small but complete record."""
    fields = {
        "run_id": "abc",
        "path": ("v1.33.13", "v1.34.4"),
        "provider": "kind",
        "simulated": False,
        "verdict": Verdict.FAIL,
        "reason": "Broken: test_x.",
        "started_unix_s": 1.7e9,
        "duration_s": 300.5,
        "watched": Window(40.0, 290.0),
        "choices": {"fast-control-plane": "request-timeout=5s"},
        "faults": ("no-prestop",),
        "spans": (Span("drain worker", "drain", 100.0, 108.5, "worker", "a->b"),),
        "scenarios": (ScenarioResult("test_x", "x holds", Verdict.FAIL, "3 | refused\nat 4 s"),),
        "failed_step": FailedStep("drain worker", "command exited with 1: kubectl drain\nno"),
        "inventory": Inventory((Component("kubelet", "worker", "v1.33.13", "v1.34.4"),)),
    }
    return RunRecord(**{**fields, **changes})


def test_what_is_saved_is_loaded(tmp_path):
    save_record(record(), tmp_path)
    assert load_record(tmp_path) == record()
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_the_facts_of_the_cluster_are_kept_and_an_older_record_has_the_usual_ones(tmp_path):
    facts = ClusterFacts(("ipv6",), "corp.test", "none", "cilium", ("A=true",), "sha256:1")
    save_record(record(facts=facts), tmp_path)
    assert load_record(tmp_path).facts == facts
    document = json.loads((tmp_path / "run.json").read_text())
    del document["facts"]
    (tmp_path / "run.json").write_text(json.dumps(document))
    assert load_record(tmp_path).facts == ClusterFacts()


@given(data=st.data())
def test_a_torn_record_is_damage_and_nothing_else(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("run")
    save_record(record(), folder)
    whole = (folder / "run.json").read_bytes()
    (folder / "run.json").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 3))])
    with pytest.raises(DamagedRecord, match=r"run\.json"):
        load_record(folder)


def test_a_folder_without_a_record_says_what_to_do(tmp_path):
    with pytest.raises(DamagedRecord, match="run it again"):
        load_record(tmp_path)


@pytest.mark.parametrize("version", [None, 0, True, SCHEMA_VERSION + 1, "1"])
def test_another_schema_is_refused(tmp_path, version):
    save_record(record(), tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    document["schema_version"] = version
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(DamagedRecord, match="schema version"):
        load_record(tmp_path)


def test_a_field_that_is_missing_is_named(tmp_path):
    save_record(record(), tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    del document["verdict"]
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(DamagedRecord, match="verdict"):
        load_record(tmp_path)


@pytest.mark.parametrize("simulated", [True, False])
def test_the_index_of_samples_says_whether_they_are_simulated(tmp_path, simulated):
    save_samples({"web": Samples.empty([])}, tmp_path, simulated=simulated)
    index = json.loads((tmp_path / "samples" / "index.json").read_text())
    assert index["simulated"] is simulated
    assert ("SIMULATED" in index["note"]) is simulated
    assert index["files"] == {"web.npz": {"samples": 0}}
