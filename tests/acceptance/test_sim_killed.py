"""A simulator that is killed in the middle of a pass: never PASS, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.acceptance.running import Run, processes_in

pytestmark = pytest.mark.quiet

PATH = ("--from", "v1.33", "--to", "v1.34")
WITHIN_S = 180.0


def kill_simulator(folder):
    ready = folder / "artifacts" / "work" / "simulator" / "simulator.json"
    os.kill(json.loads(ready.read_text())["pid"], signal.SIGKILL)


AGAIN = pytest.mark.thorough(part="simulated")


@pytest.mark.parametrize(
    "when", ["> drain worker\n", pytest.param("> watch-before\n", marks=AGAIN)]
)
def test_a_pass_without_its_cluster_never_passes(tmp_path, when):
    run = Run(tmp_path, choice=PATH)
    with run.started() as begun:
        run.wait_for(when, begun)
        kill_simulator(tmp_path)
        killed = time.monotonic()
        code = begun.wait(WITHIN_S)
        assert processes_in(tmp_path) == []
    print(f"over {time.monotonic() - killed:.1f} s after the kill")
    assert code in {1, 3}, run.output()
    record = run.record()
    assert record["verdict"] in {"FAIL", "INCONCLUSIVE"}
    assert "PASS" not in {scenario["verdict"] for scenario in record["scenarios"]}
    assert "the simulator is gone" in json.dumps(record)
    assert "Traceback" not in run.output()
