"""The first command of someone new: install into a fresh environment, and run a pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.quiet

REPOSITORY = Path(__file__).resolve().parents[2]
GUARD_S = 300.0
"""Far above what it takes (docs/sim.md has the figure): only a hang is caught by time."""


def timed(argv, folder, path):
    """Run to the end; the process and its seconds."""
    inherited = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    env = {key: value for key, value in os.environ.items() if key not in inherited}
    began = time.monotonic()
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**env, "PATH": path},
        capture_output=True,
        text=True,
        timeout=GUARD_S,
        check=False,
    )
    return done, time.monotonic() - began


def test_install_and_run(tmp_path):
    """`pip install --no-compile . && upgrade-e2e run`, where there is no docker."""
    fresh = tmp_path / "fresh"
    made, made_s = timed([sys.executable, "-m", "venv", fresh], tmp_path, os.environ["PATH"])
    assert made.returncode == 0, made.stderr
    tools = str(fresh / "bin")
    pip = [fresh / "bin" / "pip", "install", "--quiet", "--no-compile", "."]
    installed, install_s = timed(pip, REPOSITORY, f"{tools}:{os.environ['PATH']}")
    assert installed.returncode == 0, installed.stderr
    ran, run_s = timed([fresh / "bin" / "upgrade-e2e", "run"], tmp_path, tools)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.strip().splitlines()[-1].startswith("SIMULATED")
    record = json.loads((tmp_path / "artifacts" / "run.json").read_text())
    assert (record["verdict"], record["simulated"]) == ("PASS", True)
    for name in ("summary.md", "junit.xml", "samples/index.json", "samples/web.npz"):
        assert (tmp_path / "artifacts" / name).is_file()
    print(f"environment {made_s:.1f} s, install {install_s:.1f} s, pass {run_s:.1f} s")
