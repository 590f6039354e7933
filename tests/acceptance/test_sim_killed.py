"""A simulator that is killed in the middle of a pass: never PASS, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.sim.cluster import processes_of

pytestmark = pytest.mark.quiet

TOOL = str(Path(sys.executable).with_name("upgrade-e2e"))
WITHIN_S = 180.0


@pytest.fixture
def begun(tmp_path):
    """Begins a pass; ended whatever happens."""
    with (tmp_path / "said").open("w") as said:
        argv = [TOOL, "run", "--provider", "sim", "--from", "v1.33", "--to", "v1.34"]
        process = subprocess.Popen(
            argv, cwd=tmp_path, stdout=said, stderr=said, start_new_session=True
        )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def wait_until_said(folder, text):
    end = time.monotonic() + WITHIN_S
    while text not in (folder / "said").read_text():
        assert time.monotonic() < end, (folder / "said").read_text()
        time.sleep(0.1)


def kill_simulator(folder):
    ready = folder / "artifacts" / "work" / "simulator" / "simulator.json"
    os.kill(json.loads(ready.read_text())["pid"], signal.SIGKILL)


AGAIN = pytest.mark.thorough(part="simulated")


@pytest.mark.parametrize("when", ["> drain worker\n", pytest.param("> baseline\n", marks=AGAIN)])
def test_a_pass_without_its_cluster_never_passes(begun, tmp_path, when):
    wait_until_said(tmp_path, when)
    kill_simulator(tmp_path)
    killed = time.monotonic()
    code = begun.wait(WITHIN_S)
    said = (tmp_path / "said").read_text()
    print(f"over {time.monotonic() - killed:.1f} s after the kill")
    assert code in {1, 3}, said
    record = json.loads((tmp_path / "artifacts" / "run.json").read_text())
    assert record["verdict"] in {"FAIL", "INCONCLUSIVE"}
    assert "PASS" not in {scenario["verdict"] for scenario in record["scenarios"]}
    assert "the simulator is gone" in json.dumps(record)
    assert "Traceback" not in said
    assert processes_of(tmp_path) == []


def test_a_pass_that_is_killed_itself_leaves_no_process(begun, tmp_path):
    wait_until_said(tmp_path, "> baseline\n")
    os.killpg(begun.pid, signal.SIGKILL)
    begun.wait(10)
    end = time.monotonic() + 20
    while left := processes_of(tmp_path):
        assert time.monotonic() < end, left
        time.sleep(0.1)
    assert not (tmp_path / "artifacts" / "run.json").exists()
