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


def test_reading_back_begins_when_watching_has_ended(left):
    record = load_record(left / "a")
    begins_s = {span.kind: span.start_s for span in record.spans}
    assert begins_s["settle"] < record.watched.end_s <= begins_s["verify"] < begins_s["inspect"]


def test_the_gate_takes_a_rehearsal_for_what_it_is(left):
    done = tool("gate", "a", "--json", cwd=left)
    decision = json.loads(done.stdout)
    assert decision["simulated"] is True
    evidence = next(check for check in decision["checks"] if check["name"] == "evidence")
    assert evidence["answer"] == "INCONCLUSIVE"
    assert done.returncode == decision["exit_code"] != 0


def test_its_figures_go_into_a_history_and_its_page_is_made_again(left):
    added = tool("history", "add", "a", cwd=left)
    assert added.stdout.startswith("1 new"), added.stdout + added.stderr
    shown = tool("history", "trend", "pass", "duration_s", cwd=left)
    assert load_record(left / "a").run_id[:8] in shown.stdout
    again = tool("report", "a", "--output", "again.html", cwd=left)
    assert again.returncode == 0, again.stderr
    assert (left / "again.html").read_text() == (left / "a" / "report.html").read_text()
