"""A frozen container runtime and a paused node on a real cluster, and the claims that find them."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from scenarios import test_runtime_answers
from tests.kind.conftest import MINUTES, NEW, OLD, OLD_CLUSTER, TOOL, Tool, docker
from tests.kind.old_cluster.test_faults import FaultyPass, broken, moves
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Verdict

pytestmark = pytest.mark.thorough(part="runtime")

HEAR = "kubelets_hear_of_their_containers"
COME_UP = "new_containers_come_up"
TRUE = "ready_is_true"
CLAIMS = (
    test_runtime_answers.test_kubelets_hear_of_their_containers,
    test_runtime_answers.test_new_containers_come_up,
    test_runtime_answers.test_ready_is_true,
)
NODE = f"{OLD_CLUSTER}-worker2"


@pytest.fixture
def faulty(old_cluster: Cluster, tmp_path: Path) -> FaultyPass:
    """A pass on the shared cluster."""
    del old_cluster
    return FaultyPass(tmp_path)


def test_without_a_fault_runtimes_answer_while_nodes_are_drained(faulty: FaultyPass):
    results = faulty.run("", CLAIMS, moves("worker", "worker2"), watch_after_s=30)
    assert {result.verdict for result in results.values()} == {Verdict.PASS}, results


def test_a_runtime_that_freezes_is_found_by_all_claims_with_its_step_and_node(faulty: FaultyPass):
    fault = "runtime-freeze=60s:worker2"
    # Its kubelet answers nobody meanwhile, which must be less than half of the pass.
    results = faulty.run(fault, CLAIMS, moves(), watch_after_s=90)
    hear = broken(results[HEAR], rf"{NODE}: its kubelet last heard of its containers")
    come_up = broken(results[COME_UP], rf"{NODE}: .*no container came up for")
    true = broken(results[TRUE], rf"{NODE}: .*it was called Ready for")
    for explained in (hear, come_up, true):
        lines = map(str.strip, explained.splitlines())
        (line,) = [line for line in lines if line.startswith(f"{NODE}: ")]
        assert f"plant {fault}" in line, line


def test_a_paused_node_starts_nothing_and_its_own_prober_proves_nothing(faulty: FaultyPass):
    fault = "node-pause=25s:worker2"
    results = faulty.run(fault, CLAIMS, moves(), watch_after_s=20)
    broken(results[COME_UP], rf"{NODE}: .*no container came up for [^;]* on, .*plant {fault}")
    assert results[TRUE].verdict is Verdict.PASS, results[TRUE]
    assert results[HEAR].verdict is Verdict.INCONCLUSIVE, results[HEAR]


def test_a_pass_that_is_interrupted_lets_the_node_go_on(tool: Tool, old_cluster: Cluster):
    process = pausing(tool, old_cluster)
    process.terminate()
    assert process.wait(2 * MINUTES) == 130, tool.output()
    assert state(NODE) == "running"
    ready = docker("exec", NODE, "systemctl", "is-active", "containerd")
    assert ready == "active"


def test_a_node_that_a_killed_pass_left_paused_goes_on_by_a_sweep(tool: Tool, old_cluster: Cluster):
    process = pausing(tool, old_cluster)
    process.kill()
    process.wait(2 * MINUTES)
    assert state(NODE) == "paused"
    stops = ("pkill", "--signal", "STOP", "--exact")
    other = f"{OLD_CLUSTER}-worker"
    docker("exec", other, *stops, "containerd")
    swept = subprocess.run(
        [TOOL, "sweep"], check=False, capture_output=True, text=True, timeout=2 * MINUTES
    )
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert f"cluster {OLD_CLUSTER} stays" in swept.stdout
    assert state(NODE) == "running"
    assert docker("exec", other, "ps", "-C", "containerd", "-o", "stat=").startswith(("S", "R"))
    assert len(docker("exec", NODE, "ctr", "version").splitlines()) > 1


def pausing(tool: Tool, cluster: Cluster) -> subprocess.Popen[str]:
    """A pass that has just paused a node."""
    process = tool.start(
        "run", "--from", OLD, "--to", NEW, "--reuse-cluster", cluster.name, "--fault",
        "node-pause=60s:worker2", "--scenario", "upgrade_path", "--watch-before", "1",
    )  # fmt: skip
    wait_until_paused(process)
    return process


def wait_until_paused(process: subprocess.Popen[str]) -> None:
    """Wait for the fault."""
    end = time.monotonic() + 5 * MINUTES
    while state(NODE) != "paused":
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.5)


def state(name: str) -> str:
    """What docker says of a container."""
    return str(json.loads(docker("inspect", "--format", "{{json .State.Status}}", name)))
