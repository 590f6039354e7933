"""What a pass leaves in its folder, and when it is written again."""

from __future__ import annotations

import dataclasses
import json

import pytest

from tests.synthetic import Shape, make_timeline
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.report import ScenarioResult, load_record, load_timeline
from upgrade_e2e.run import Pass, RunningPass, Upgraded
from upgrade_e2e.run.choose import choose_provider, make_plan
from upgrade_e2e.run.progress import Silence
from upgrade_e2e.run.recording import Ended, write_artifacts
from upgrade_e2e.run.settings import WATCHED_AROUND_S, PassSettings

WORDS = ("v1.33", "v1.34")
HELD = ScenarioResult("test_dns", "Lookups.", Verdict.PASS, "", ("dns",))
BROKEN = dataclasses.replace(HELD, verdict=Verdict.FAIL, explanation="dns: 3 failed")


@pytest.fixture(scope="module")
def timeline():
    """What was seen in a short made-up pass."""
    return make_timeline(Shape(20, 10))


def ended(folder, timeline=None, **choices):
    """A pass that is over; one without a timeline never had a cluster."""
    folder.mkdir(exist_ok=True)
    around_s = WATCHED_AROUND_S["sim"]
    usual = {"provider": "sim", "baseline_s": around_s, "settle_s": around_s}
    settings = PassSettings(**{**usual, **choices})
    plan = make_plan(WORDS, settings)
    provider = choose_provider(settings, folder / "work")
    running = RunningPass(
        Pass(plan, provider, (), settings, Limits.default(), folder, Silence(), run_id="a" * 32)
    )
    if timeline is None:
        return Ended(running, None, "there is no room", cluster_made=False, duration_s=3.0)
    upgraded = Upgraded(timeline, plan, Limits.default(), provider.capabilities)
    return Ended(running, upgraded, "", cluster_made=True, duration_s=20.0)


def times(folder):
    """When each file was written."""
    return {file.name: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def test_everything_is_there_after_one_call(tmp_path, timeline):
    record = write_artifacts(ended(tmp_path, timeline), [HELD])
    assert {"run.json", "summary.md", "report.html", "trace.json"} <= set(times(tmp_path))
    assert load_record(tmp_path) == record
    assert set(load_timeline(tmp_path).samples) == set(timeline.samples)
    assert "<h1>PASS</h1>" in (tmp_path / "report.html").read_text()
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert trace["otherData"]["verdict"] == "PASS"


def test_nothing_is_written_again_while_nothing_is_new(tmp_path, timeline):
    over = ended(tmp_path, timeline)
    write_artifacts(over, [HELD])
    before = times(tmp_path)
    write_artifacts(over, [HELD])
    assert times(tmp_path) == before


def test_a_verdict_that_comes_late_is_in_every_file(tmp_path, timeline):
    over = ended(tmp_path, timeline)
    write_artifacts(over, [])
    write_artifacts(over, [BROKEN])
    assert load_record(tmp_path).verdict is Verdict.FAIL
    assert "<h1>FAIL</h1>" in (tmp_path / "report.html").read_text()
    assert "# FAIL" in (tmp_path / "summary.md").read_text()
    assert json.loads((tmp_path / "trace.json").read_text())["otherData"]["verdict"] == "FAIL"


@pytest.mark.parametrize("lost", ["report.html", "run.json"])
def test_what_was_lost_or_torn_is_written_again(tmp_path, timeline, lost):
    over = ended(tmp_path, timeline)
    write_artifacts(over, [HELD])
    (tmp_path / lost).write_text("{") if lost == "run.json" else (tmp_path / lost).unlink()
    record = write_artifacts(over, [HELD])
    assert load_record(tmp_path) == record
    assert "<h1>PASS</h1>" in (tmp_path / "report.html").read_text()


def test_a_pass_without_a_cluster_has_a_report_that_says_why(tmp_path):
    record = write_artifacts(ended(tmp_path), [])
    assert (record.verdict, record.cluster_made) == (Verdict.INCONCLUSIVE, False)
    assert "there is no room" in (tmp_path / "report.html").read_text()
    assert not (tmp_path / "samples").exists()


def test_unusual_times_of_watching_are_choices_that_the_gate_compares(tmp_path):
    usual = write_artifacts(ended(tmp_path / "usual"), [])
    long = write_artifacts(ended(tmp_path / "long", settle_s=600.0), [])
    assert "settle" not in usual.choices
    assert long.choices["settle"] == "600 s"
    assert long.images["agent"]
