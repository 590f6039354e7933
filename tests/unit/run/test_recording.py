"""What a pass leaves in its folder, and when it is written again."""

from __future__ import annotations

import contextlib
import dataclasses
import json

import pytest

from tests.synthetic import Shape, make_timeline
from tests.unit.judge.made import count_weighings, failing, steady, to_samples
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.observers import GuardPair
from upgrade_e2e.report import ScenarioResult, load_record, load_timeline
from upgrade_e2e.report.html import drawn, render_html
from upgrade_e2e.run import PassRequest, RunningPass, Upgraded, finished_pass
from upgrade_e2e.run.finished_pass import FinishedPass
from upgrade_e2e.run.planning import make_plan
from upgrade_e2e.run.progress import Silence
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.run.recording import write_artifacts
from upgrade_e2e.run.saved import load_pass, write_rejudged
from upgrade_e2e.run.settings import WATCHED_AROUND_S, PassSettings
from upgrade_e2e.upgrade import UsedImage

ROLES = (Role.CONTROL_PLANE,) * 3 + (Role.WORKER,) * 2
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
    usual = {"provider": "sim", "watch_before_s": around_s, "watch_after_s": around_s}
    settings = PassSettings(**{**usual, **choices})
    plan = make_plan(WORDS, settings)
    provider = make_provider(settings, folder / "work")
    running = RunningPass(
        PassRequest(
            plan, provider, (), settings, Limits.default(), folder, Silence(), run_id="a" * 32
        )
    )
    if timeline is None:
        return FinishedPass(running, None, "there is no room", cluster_made=False, duration_s=3.0)
    upgraded = Upgraded(timeline, ("v1.33.13", "v1.34.4"), Limits.default(), provider.capabilities)
    return FinishedPass(running, upgraded, "", cluster_made=True, duration_s=20.0)


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
    long = write_artifacts(ended(tmp_path / "long", watch_after_s=600.0), [])
    assert "watch-after" not in usual.choices
    assert long.choices["watch-after"] == "600 s"
    assert long.images["agent"]


def test_policies_of_the_user_are_a_choice_that_the_gate_compares(tmp_path):
    pair = GuardPair("tags", "tags.yaml", "{}", "[]", "must have a tag")
    record = write_artifacts(ended(tmp_path, guards=(pair,)), [])
    assert record.choices["guard-rails"] == "tags"
    assert "guard-rails" not in write_artifacts(ended(tmp_path / "usual"), []).choices


@dataclasses.dataclass(frozen=True)
class Named:
    """An observer of which only the name matters."""

    label: str


def counted(monkeypatch, module, name):
    """A list that grows by one with each call of a function where `module` looks it up."""
    calls, real = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args: calls.append(args) or real(*args))
    return calls


def test_each_observer_is_judged_once_per_pass(tmp_path, timeline, monkeypatch):
    weighed = count_weighings(monkeypatch)
    over = ended(tmp_path, timeline)
    for name in ("dns", "web", "dns"):
        with contextlib.suppress(Inconclusive):
            over.upgraded.saw(Named(name))
    write_artifacts(over, [HELD])
    write_artifacts(over, [BROKEN])
    assert "<h1>FAIL</h1>" in (tmp_path / "report.html").read_text()
    assert len(weighed) == len(timeline.samples)


def test_what_no_verdict_changes_is_made_once(tmp_path, timeline, monkeypatch):
    packed = counted(monkeypatch, drawn, "pack_samples")
    asked = counted(monkeypatch, finished_pass, "tool_versions")
    over = ended(tmp_path, timeline)
    write_artifacts(over, [HELD])
    write_artifacts(over, [BROKEN])
    assert (len(packed), len(asked)) == (1, 1)


def test_the_page_is_the_one_that_the_saved_samples_give(tmp_path, timeline):
    write_artifacts(ended(tmp_path, timeline), [HELD])
    assert (tmp_path / "report.html").read_text("utf-8") == render_html(tmp_path)


def test_the_size_of_the_cluster_is_recorded_where_there_was_one(tmp_path, timeline):
    over = ended(tmp_path, timeline)
    assert (write_artifacts(over, []).control_planes, over.running.cluster) == (0, None)
    nodes = [Node(f"n{number}", role) for number, role in enumerate(ROLES)]
    over.running.cluster = Cluster("e2e", tmp_path / "kubeconfig", tuple(nodes))
    over.running.facts = ClusterFacts(proxy="nftables")
    record = write_artifacts(over, [HELD])
    assert (record.control_planes, record.workers) == (3, 2)
    assert record.cluster_line == "3+2 nodes, nftables, ipv4"
    assert "3+2 nodes, nftables, ipv4" in (tmp_path / "report.html").read_text("utf-8")


def test_what_absences_of_the_api_server_cost_is_recorded_and_judged_again(tmp_path, timeline):
    assert write_artifacts(ended(tmp_path / "not asked", timeline), []).api_cost is None
    probes = steady(
        count=200, interval=100_000, name="readyz@host", node="host", fail=failing(range(80, 130))
    )
    asked = {**timeline.samples, "api": to_samples([probes])}
    folder = tmp_path / "asked"
    record = write_artifacts(ended(folder, dataclasses.replace(timeline, samples=asked)), [])
    assert record.api_cost.times == 1
    assert 0 < record.api_cost.away_s <= 5.2
    assert "- cost of this topology: API away" in (folder / "summary.md").read_text("utf-8")
    older = dataclasses.replace(record, api_cost=None)
    place = write_rejudged(older, [], load_pass(folder).views, folder)
    assert load_record(place).api_cost == record.api_cost


def test_images_are_recorded_by_name_and_digest(tmp_path):
    done = ended(tmp_path / "run", provider="kind")
    used = done.running.executor.marks.images
    used["v1.33.13"] = UsedImage("kindest/node:v1.33.13", "sha256:33")
    used["python:3.11-slim"] = UsedImage("python:3.11-slim", "image ID sha256:py")
    record = write_artifacts(done, [])
    assert load_record(tmp_path / "run").images == {
        "agent": "python:3.11-slim",
        "edge": "nginx:stable",
        "v1.33.13": "kindest/node:v1.33.13",
    }
    assert record.image_digests == {"agent": "image ID sha256:py", "v1.33.13": "sha256:33"}
    page = (tmp_path / "run" / "report.html").read_text()
    assert "kindest/node:v1.33.13, sha256:33" in page
    assert "python:3.11-slim, image ID sha256:py" in page
