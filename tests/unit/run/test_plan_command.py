"""What `plan` prints of a pass."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from upgrade_e2e.cli.plans import plan
from upgrade_e2e.run import AROUND


@pytest.fixture
def printed(tmp_path, monkeypatch):
    """The output of `plan` for a simulated cluster."""
    monkeypatch.chdir(tmp_path)

    def printed(*words):
        done = CliRunner().invoke(plan, ["--provider=sim", *words])
        assert done.exit_code == 0, done.output
        return done.stdout

    return printed


def test_faults_are_listed_as_they_are_written(printed):
    text = printed("--fault", "no-prestop", "--fault", "coredns-replicas=1")
    assert "  planted: no-prestop, coredns-replicas=1\n" in text
    assert "fault no-prestop" not in text
    assert "plant no-prestop" in text, "it is a step too"
    assert "planted" not in printed()


def test_what_a_run_counts_more_is_said_once(printed):
    text = printed("--path=v1.33,v1.34", "--path=v1.34,v1.35")
    (last,) = (line for line in text.splitlines() if line.startswith("A run has"))
    assert text.endswith(f"{last}\n")
    assert str(len(AROUND)) in last
    assert all(f"{step} " in last for step in AROUND)
