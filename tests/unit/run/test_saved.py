"""A pass that is over can be judged again from what it left."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest

from tests.claims import SKIPS, all_scenarios, claims_of
from tests.stored import SCHEMA_1
from tests.synthetic import Shape, make_run, write_run
from tests.unit.judge.made import count_weighings
from upgrade_e2e import HttpService
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.judge import Limits, Verdict, Views
from upgrade_e2e.report import (
    FailedStep,
    ScenarioResult,
    load_record,
    load_timeline,
    save_record,
)
from upgrade_e2e.report.html import render_html
from upgrade_e2e.run.rulings import judge
from upgrade_e2e.run.saved import load_pass, write_rejudged
from upgrade_e2e.timeline import Window

WEB = HttpService()
BROKEN = ScenarioResult("test_web", "Requests.", Verdict.FAIL, "web: 3 failed", ("web",))
LOOSE = Limits.default().override({"instrument": {"min_samples": 10, "late_s": 0.5}}, "test")


def shape():
    """A short made-up pass, the same each time."""
    return Shape(20, 10)


@pytest.fixture
def folder(tmp_path):
    """A stored pass."""
    write_run(tmp_path / "run", shape())
    return tmp_path / "run"


def changed(folder, **changes):
    """The stored pass with another record."""
    save_record(dataclasses.replace(load_record(folder), **changes), folder)
    return folder


def judged_again(folder, limits=LOOSE):
    """Judge the pass again; returns where that is."""
    passed = load_pass(folder, limits)
    return write_rejudged(load_record(folder), [BROKEN], passed.views, folder)


def content(folder):
    """Every file of a pass itself, with what is in it."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file: file.read_bytes() for file in files if "rejudged" not in file.parent.name}


def test_a_loaded_pass_is_the_one_that_was_stored(folder):
    changes = {
        "control_planes": 3,
        "workers": 5,
        "pace": 10.0,
        "inventory_error": "the API is away",
        "facts": ClusterFacts(("ipv6",)),
    }
    record = load_record(changed(folder, **changes))
    _, timeline = make_run(shape())
    passed = load_pass(folder, LOOSE)
    assert passed.path == record.path
    assert passed.limits == LOOSE
    assert passed.inventory == record.inventory
    assert passed.inventory_error == "the API is away"
    assert (passed.control_planes, passed.workers, passed.failed_step) == (3, 5, None)
    assert passed.facts == ClusterFacts(("ipv6",))
    known = passed.capabilities
    assert (known.name, known.simulated, known.pace) == ("kind", False, 10.0)
    assert passed.timeline.spans == timeline.spans
    assert passed.views.of("web").explain() == Views(timeline, LOOSE).of("web").explain()


def test_without_limits_those_of_the_pass_hold(folder):
    assert load_pass(folder).limits.dns.p99_s == 0.25
    assert Limits.default().dns.p99_s != 0.25


def test_a_step_that_failed_is_a_failed_step_again(folder):
    failed = FailedStep("drain worker", "command exited with 1")
    passed = load_pass(changed(folder, failed_step=failed))
    assert str(passed.failed_step) == "step 'drain worker' failed: command exited with 1"


def test_a_pass_of_schema_1_can_be_judged_again():
    passed = load_pass(SCHEMA_1 / "simulated")
    assert passed.capabilities.simulated
    assert passed.saw(WEB).count > 1000
    assert passed.found().nothing_left_to_do


def test_scenarios_say_the_same_of_a_saved_pass_as_when_it_was_run():
    record = load_record(SCHEMA_1 / "simulated")
    passed = load_pass(SCHEMA_1 / "simulated")
    claims = {f"test_{claim.name}": claim for claim in claims_of(all_scenarios().values())}
    for before in record.scenarios:
        now = judge(claims[before.name], passed, SKIPS)
        assert (now.verdict, now.explanation) == (before.verdict, before.explanation), before.name


@pytest.mark.parametrize(
    ("lost", "named"), [("samples", "no .*samples"), ("samples/web.npz", r"no web\.npz")]
)
def test_samples_that_are_missing_are_damage(folder, lost, named):
    target = folder / lost
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(DamagedRecord, match=f"cannot be judged again.*{named}"):
        load_pass(folder)


def test_a_pass_that_saw_nothing_says_so(folder):
    shutil.rmtree(folder / "samples")
    changed(folder, watched=Window(0.0, 0.0), observers=(), reason="there is no room")
    with pytest.raises(DamagedRecord, match=r"ended before anything was seen \(there is no room"):
        load_pass(folder)


def test_the_new_judgement_lies_next_to_the_old_one(folder):
    before, old = content(folder), load_record(folder)
    place = judged_again(folder)
    assert place == folder / "rejudged-1"
    assert {file.name for file in place.iterdir()} == {
        "run.json",
        "summary.md",
        "report.html",
        "trace.json",
    }
    made = load_record(place)
    assert (made.run_id, made.started_unix_s) == (old.run_id, old.started_unix_s)
    assert (made.verdict, made.reason) == (Verdict.FAIL, 'Broken: "Requests" (test_web).')
    assert made.scenarios == (BROKEN,)
    assert made.rejudged_unix_s > made.started_unix_s
    assert {limit.key for limit in made.limits_changed} == {
        "instrument.min_samples",
        "instrument.late_s",
    }
    assert content(folder) == before


def test_every_new_judgement_has_a_folder_of_its_own(folder):
    places = [judged_again(folder), judged_again(folder), judged_again(folder / "rejudged-1")]
    assert [place.name for place in places] == ["rejudged-1", "rejudged-2", "rejudged-3"]
    assert {place.parent for place in places} == {folder}


def test_a_failed_step_stays_a_failure_whatever_scenarios_say(folder):
    changed(folder, failed_step=FailedStep("drain worker", "no"))
    record = load_record(judged_again(folder))
    assert (record.verdict, record.reason) == (Verdict.FAIL, "The step 'drain worker' failed: no")


def test_people_see_that_it_was_judged_again(folder):
    place = judged_again(folder)
    assert "judged again" in (place / "summary.md").read_text()
    assert "judged again" in (place / "report.html").read_text()
    assert "judged again" not in render_html(folder)


def test_a_report_of_the_new_judgement_finds_the_samples_of_the_pass(folder):
    place = judged_again(folder)
    assert set(load_timeline(place).samples) == set(load_timeline(folder).samples)
    assert (place / "report.html").read_text("utf-8") == render_html(place)


def test_each_observer_is_judged_once_when_a_pass_is_judged_again(folder, monkeypatch):
    weighed = count_weighings(monkeypatch)
    passed = load_pass(folder, LOOSE)
    assert passed.saw(WEB).failures == passed.saw(WEB).failures
    write_rejudged(load_record(folder), [BROKEN], passed.views, folder)
    assert len(weighed) == len(passed.timeline.samples)


def test_the_trace_carries_the_new_verdict(folder):
    trace = json.loads((judged_again(folder) / "trace.json").read_text())
    assert trace["otherData"]["verdict"] == "FAIL"
