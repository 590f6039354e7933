"""`upgrade-e2e gate` as a release pipeline calls it."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest

from tests.acceptance.command import said, tool
from tests.unit.gate.made import many, observer, planted, record, write
from upgrade_e2e.judge import Limit, Verdict


@pytest.fixture
def sides(tmp_path):
    """Five candidates, six runs of a baseline and a control, all as they should be."""
    write(tmp_path / "new", *many(5))
    write(tmp_path / "old", *many(6))
    write(tmp_path / "control", planted())
    return tmp_path


def gate(folder, *words):
    """Ask about `new` against `old`, with the control."""
    return tool("gate", "new", "--baseline", "old", "--control", "control", *words, cwd=folder)


def test_a_yes_is_exit_code_0_and_told_in_three_forms(sides):
    done = gate(sides, "--json", "--summary", "summary.md", "--annotations")
    assert done.returncode == 0, done.stdout + done.stderr
    decision = json.loads(done.stdout)
    assert (decision["answer"], decision["exit_code"]) == ("APPROVE", 0)
    assert len(decision["candidates"]) == 5
    summary = (sides / "summary.md").read_text()
    assert summary.startswith("# APPROVE: v1.33.13 -> v1.34.4 on kind")
    assert "| dns | longest_silence_s |" in summary
    assert done.stderr.startswith("::notice title=APPROVE")


def test_a_summary_is_appended_to_what_a_job_wrote_before(sides):
    (sides / "summary.md").write_text("before\n")
    assert gate(sides, "--summary", "summary.md").returncode == 0
    assert (sides / "summary.md").read_text().startswith("before\n# APPROVE")


def test_worse_than_the_baseline_is_exit_code_1_with_the_numbers(sides):
    shutil.rmtree(sides / "new")
    slow = observer(longest_silence_s=6.0, failure_ratio=0.015, outage_count=1)
    write(sides / "new", *many(5, observers=(slow,)))
    done = gate(sides)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "dns longest_silence_s is worse by 6 s (margin 1 s" in done.stdout
    assert "## What to do next" in done.stdout


def test_a_failed_run_is_exit_code_1_whatever_the_others_were(sides):
    write(sides / "new", record(verdict=Verdict.FAIL, reason="Broken: test_dns."))
    done = gate(sides)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Broken: test_dns." in done.stdout


def test_two_runs_are_exit_code_3_and_it_says_how_many_more(tmp_path):
    write(tmp_path / "new", *many(2))
    write(tmp_path / "old", *many(5))
    write(tmp_path / "control", planted())
    done = gate(tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "3 more runs of the candidate, each by this command: upgrade-e2e run " in done.stdout
    assert "--path v1.33.13,v1.34.4 --provider kind --artifacts-dir candidate-" in done.stdout


def test_without_a_control_it_is_exit_code_3_and_says_how_to_make_one(sides):
    done = tool("gate", "new", "--baseline", "old", cwd=sides)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "there is no positive control" in done.stdout
    assert "--fault coredns-replicas=1" in done.stdout


def test_a_rehearsal_is_never_a_yes(tmp_path):
    write(tmp_path / "new", *many(5, provider="sim", simulated=True))
    write(tmp_path / "old", *many(6, provider="sim", simulated=True))
    write(tmp_path / "control", planted(provider="sim", simulated=True))
    done = gate(tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "SIMULATED" in done.stdout


def test_a_half_written_run_is_exit_code_3_and_named(sides):
    torn = next((sides / "new").iterdir()) / "run.json"
    torn.write_text(torn.read_text()[:300])
    done = gate(sides)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"{torn.parent.name}/run.json is not JSON" in done.stdout


def test_another_schema_version_is_exit_code_3_and_named(sides):
    other = next((sides / "new").iterdir()) / "run.json"
    other.write_text(json.dumps({**json.loads(other.read_text()), "schema_version": 3}))
    done = gate(sides)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "schema version 3, this version reads up to 2" in done.stdout


def test_runs_of_another_path_are_exit_code_2(sides):
    write(sides / "new", record(path=("v1.32.2", "v1.33.13")))
    done = gate(sides)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "differ in path: " in said(done)
    for path in ("v1.33.13 -> v1.34.4", "v1.32.2 -> v1.33.13"):
        assert path in said(done)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("gate",), "RUN_DIRS"),
        (("gate", "nowhere"), "nowhere is not a directory"),
        (("gate", "new", "--history", "none.sqlite"), "there is no history at none.sqlite"),
        (("gate", "new", "--margins", "none.toml"), "none.toml cannot be read"),
        (("gate", "new", "--control", "old"), "nothing was planted in it"),
        (("gate", "new", "--baseline", "new"), "both candidate and baseline"),
        (("gate", "new", "--summary", "no/such/folder.md"), "cannot be written"),
    ],
)
def test_what_cannot_be_asked_is_exit_code_2(sides, words, told):
    done = tool(*words, cwd=sides)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in said(done)


def test_a_corrupt_history_is_exit_code_3_and_stays_as_it_is(sides):
    file = sides / "history.sqlite"
    file.write_bytes(b"not a database" * 500)
    before = file.read_bytes()
    done = tool("gate", "new", "--control", "control", "--history", file.name, cwd=sides)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "is corrupt" in done.stdout
    assert file.read_bytes() == before


def test_the_history_is_read_from_a_folder_that_may_not_be_written(sides):
    added = tool("history", "add", "old", "control", cwd=sides)
    assert added.returncode == 0, added.stdout + added.stderr
    file = sides / "history.sqlite"
    file.chmod(0o444)
    sides.chmod(0o555)
    try:
        done = tool("gate", "new", "--history", file.name, cwd=sides)
    finally:
        sides.chmod(0o755)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sqlite3.connect(file).execute("SELECT count(*) FROM runs").fetchone() == (7,)


def test_looser_limits_are_named_before_anyone_signs(tmp_path):
    loose = (Limit("dns.p99_s", 5.0, 0.1, "source", "two busy cores"),)
    write(tmp_path / "new", *many(5, limits_changed=loose))
    write(tmp_path / "old", *many(5, limits_changed=loose))
    write(tmp_path / "control", planted(limits_changed=loose))
    done = gate(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "was held to limits other than the defaults: dns.p99_s = 5" in done.stdout
