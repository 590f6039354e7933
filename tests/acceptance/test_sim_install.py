"""The first command of someone new: install into a fresh environment, and run a pass."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.fresh import first_command

pytestmark = pytest.mark.quiet


def test_install_and_run(fresh):
    """`pip install --no-compile . && upgrade-e2e run`, where there is no docker."""
    steps = first_command(fresh)
    assert steps["made"].code == 0, steps["made"].err
    assert steps["installed"].code == 0, steps["installed"].err
    ran = steps["ran"]
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.strip().splitlines()[-1].startswith("SIMULATED")
    artifacts = fresh.first / "artifacts"
    record = json.loads((artifacts / "run.json").read_text())
    assert (record["verdict"], record["simulated"]) == ("PASS", True)
    for name in ("summary.md", "junit.xml", "samples/index.json", "samples/web.npz"):
        assert (artifacts / name).is_file()
    took = {name: f"{ran.took_s:.1f} s" for name, ran in steps.items()}
    print(f"environment {took['made']}, install {took['installed']}, pass {took['ran']}")
