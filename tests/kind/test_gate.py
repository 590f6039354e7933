"""The gate and the history, asked about a real pass."""

from __future__ import annotations

import json

from tests.acceptance.command import tool


def test_one_real_pass_is_evidence_but_not_enough(ran, tmp_path):
    done = tool("gate", ran.artifacts, "--json", cwd=tmp_path)
    broken = ran.record()["verdict"] == "FAIL"
    assert done.returncode == (1 if broken else 3), done.stdout + done.stderr
    decision = json.loads(done.stdout)
    answers = {check["name"]: check["answer"] for check in decision["checks"]}
    assert answers["evidence"] == "APPROVE"
    if all(scenario["verdict"] != "INCONCLUSIVE" for scenario in ran.record()["scenarios"]):
        assert answers["sight"] == "APPROVE"
    wanted = {"PASS": "APPROVE", "FAIL": "REJECT", "INCONCLUSIVE": "INCONCLUSIVE"}
    assert answers["budgets"] == wanted[ran.record()["verdict"]]
    assert (answers["baseline"], answers["control"]) == ("INCONCLUSIVE",) * 2
    assert decision["simulated"] is False
    assert decision["metrics"]


def test_its_figures_are_kept_and_come_back(ran, tmp_path):
    added = tool("history", "add", ran.artifacts, cwd=tmp_path)
    assert added.returncode == 0, added.stdout + added.stderr
    shown = tool("history", "trend", "dns", "p99_s", cwd=tmp_path)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert ran.record()["run_id"][:8] in shown.stdout
