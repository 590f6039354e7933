"""What one command leaves behind, and what others make of it: a whole simulated pass."""

from __future__ import annotations

import html
import json

import pytest

from tests.acceptance.command import tool
from upgrade_e2e.report import load_record

pytestmark = pytest.mark.quiet

PASS = ("run", "--provider", "sim", "--from", "v1.33", "--to", "v1.34", "--artifacts-dir", "a")


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The folder in which a pass was run."""
    folder = tmp_path_factory.mktemp("pass")
    done = tool(*PASS, "--scenario", "upgrade_path", "--scenario", "dns_latency", cwd=folder)
    assert (folder / "a" / "run.json").exists(), done.stdout + done.stderr
    return folder


def test_the_page_and_the_trace_tell_what_the_record_tells(left):
    record = load_record(left / "a")
    page = html.unescape((left / "a" / "report.html").read_text())
    assert f"<h1>{record.verdict}</h1>" in page
    assert "<strong>SIMULATED</strong>" in page
    for scenario in record.scenarios:
        assert scenario.claim in page
    trace = json.loads((left / "a" / "trace.json").read_text())
    assert trace["otherData"]["verdict"] == record.verdict
    names = {event["name"] for event in trace["traceEvents"]}
    assert {span.name for span in record.spans} <= names


def test_the_facts_of_the_cluster_are_recorded_and_shown(left):
    """As the simulated cluster shows them: no network plugin, and an IPv4 range of its own."""
    record = load_record(left / "a")
    assert (record.facts.families, record.facts.proxy) == (("ipv4",), "iptables")
    assert record.facts.config_digest.startswith("sha256:")
    assert record.cluster_line == "1+2 nodes, iptables, ipv4"
    assert f"- cluster: {record.cluster_line}" in (left / "a" / "summary.md").read_text()


def test_reading_back_begins_when_watching_has_ended(left):
    record = load_record(left / "a")
    begins_s = {span.kind: span.start_s for span in record.spans}
    assert (
        begins_s["watch-after"] < record.watched.end_s <= begins_s["verify"] < begins_s["inspect"]
    )


def test_the_gate_takes_a_rehearsal_for_what_it_is(left):
    done = tool("gate", "a", "--json", cwd=left)
    decision = json.loads(done.stdout)
    assert decision["simulated"] is True
    evidence = next(check for check in decision["checks"] if check["name"] == "evidence")
    assert evidence["answer"] == "INCONCLUSIVE"
    assert done.returncode == decision["exit_code"] != 0


def judged_again(left):
    """The newest judgement; how many there are depends on which tests share this worker."""
    return max((left / "a").glob("rejudged-*"), key=lambda folder: int(folder.name[9:]))


STRICT = "[dns]\np50_s = 0.0000001\n"


def test_its_samples_are_judged_again_by_other_limits_next_to_the_old_record(left):
    before = {file.name: file.read_bytes() for file in (left / "a").iterdir() if file.is_file()}
    (left / "strict.toml").write_text(STRICT)
    done = tool("rejudge", "a", "--limits", "strict.toml", cwd=left)
    assert done.returncode == 1, done.stdout + done.stderr
    old, new = load_record(left / "a"), load_record(judged_again(left))
    assert new.run_id == old.run_id
    assert new.rejudged_unix_s is not None
    assert {s.name for s in new.scenarios} == {s.name for s in old.scenarios}
    verdicts = {s.name: s.verdict for s in new.scenarios}
    assert verdicts["test_lookups_stay_fast"] == "FAIL"
    assert verdicts["test_every_component_is_at_the_target"] == "PASS"
    assert [limit.key for limit in new.limits_changed] == ["dns.p50_s"]
    after = {file.name: file.read_bytes() for file in (left / "a").iterdir() if file.is_file()}
    assert after == before


def test_judged_again_by_the_same_limits_it_has_the_same_verdicts(left):
    done = tool("rejudge", "a", cwd=left)
    old, new = load_record(left / "a"), load_record(judged_again(left))
    assert {s.name: s.verdict for s in new.scenarios} == {s.name: s.verdict for s in old.scenarios}
    assert done.returncode == (0 if old.verdict == "PASS" else 1)
    assert new.observers == old.observers


def test_what_was_not_watched_is_inconclusive_and_what_is_no_pass_is_refused(left):
    done = tool("rejudge", "a", "--scenario", "pod_churn", cwd=left)
    assert done.returncode == 3
    assert "did not run" in done.stdout
    refused = tool("rejudge", "nothing-here", cwd=left)
    assert refused.returncode == 2
    assert "is not a finished run" in refused.stderr


def test_its_figures_go_into_a_history_and_its_page_is_made_again(left):
    added = tool("history", "add", "a", cwd=left)
    assert added.stdout.startswith("1 new"), added.stdout + added.stderr
    shown = tool("history", "trend", "pass", "duration_s", cwd=left)
    assert load_record(left / "a").run_id[:8] in shown.stdout
    again = tool("report", "a", "--output", "again.html", cwd=left)
    assert again.returncode == 0, again.stderr
    assert (left / "again.html").read_text() == (left / "a" / "report.html").read_text()
