"""Each scenario can fail: its fault is planted on a real cluster, and it says what went wrong.

The faults share one cluster at the old version (those that show beside other clusters share another
one), and each pass runs only the steps that its fault needs, under the same limits under which the
same steps hold without a fault. The order matters: what a fault leaves behind must not disturb the
next one. Every run plants those that share the cores; the others are a part of `ci/test --all`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import test_dns_latency, test_pod_churn, test_rollout_502
from tests.claims import SKIPS, Scenario, claims_of
from tests.kind.conftest import LIMITS, MINUTES, NEW, OLD, OLD_CLUSTER, Tool, docker
from tests.outcomes import OUTCOMES
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.observers import GuardPair
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.run import ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Fault, Plan, Step, resolve, with_faults

# A fault's pass is short, so few samples must do. No API server restarts in it, so no kubelet waits
# out a back-off, for which CI's plain pass is allowed 75 s. Everything else is as there.
HERE = {"instrument": {"min_samples": 20}, "churn": {"ready_p95_s": 15.0, "gone_p95_s": 15.0}}


@dataclasses.dataclass(frozen=True)
class FaultyPass:
    """A pass on a shared cluster with one fault and the steps that it needs."""

    folder: Path
    cluster: str = OLD_CLUSTER
    guards: tuple[GuardPair, ...] = ()

    def run(
        self,
        fault: str,
        scenarios: tuple[Scenario, ...],
        wanted: Callable[[Step], bool],
        watch_after_s: float = 5.0,
        watch_before_s: float = 5.0,
    ) -> dict[str, ScenarioResult]:
        """The results of these scenarios by name, without `test_`."""
        faults = tuple(Fault.parse(word) for word in fault.split())
        settings = PassSettings(
            reuse_cluster=self.cluster,
            faults=faults,
            guards=self.guards,
            watch_before_s=watch_before_s,
            watch_after_s=watch_after_s,
        )
        limits = Limits.load(LIMITS).override(HERE, "tests/kind/old_cluster/test_faults.py")
        provider = make_provider(settings, self.folder / "work")
        plan = only(with_faults(provider.plan(resolve([OLD, NEW], [])), faults), wanted)
        judged = JudgedPass(plan, settings, limits, self.folder, provider)
        origin = Origin()
        progress = ConsoleProgress(sys.stderr, origin, f"{fault or 'no fault'}: ")
        with contextlib.closing(progress):
            record = run_pass(judged, claims_of(scenarios), progress, origin, SKIPS)
        return {result.name: result for result in record.scenarios}


def only(plan: Plan, wanted: Callable[[Step], bool]) -> Plan:
    """The plan with creation, all faults, and those upgrade steps that are wanted."""
    prepare = tuple(step for step in plan.prepare if step.kind in {"create", "plant"})
    steps = tuple(step for step in plan.upgrade if step.kind == "plant" or wanted(step))
    return dataclasses.replace(plan, prepare=prepare, upgrade=steps, verify=())


@pytest.fixture
def faulty(old_cluster: Cluster, tmp_path: Path) -> FaultyPass:
    """A pass on the shared cluster."""
    del old_cluster
    return FaultyPass(tmp_path)


def moves(*nodes: str) -> Callable[[Step], bool]:
    """Drain and uncordon these nodes, and nothing else."""
    return lambda step: step.node in nodes and step.kind in {"drain", "uncordon"}


WEB = test_rollout_502.test_no_connection_is_refused_or_cut
EDGE = test_rollout_502.test_the_edge_gives_no_502
LOOKUPS = test_dns_latency.test_lookups_keep_answering
READY = test_pod_churn.test_ready_is_visible_soon_after_start


def broken(result: ScenarioResult, words: str) -> str:
    """The explanation of a claim that is broken, which matches these words."""
    assert result.verdict is Verdict.FAIL, result
    assert re.search(words, result.explanation), result.explanation
    return result.explanation


@pytest.mark.thorough(part="faults")
def test_without_a_fault_the_same_drains_hold(faulty: FaultyPass):
    nodes = moves("control-plane", "worker", "worker2")
    results = faulty.run("", (WEB, EDGE, LOOKUPS), nodes)
    assert {result.verdict for result in results.values()} == {Verdict.PASS}, results


@pytest.mark.thorough(part="faults")
def test_without_a_prestop_delay_connections_are_refused(faulty: FaultyPass):
    results = faulty.run("no-prestop", (WEB, EDGE), moves("worker", "worker2"))
    words = OUTCOMES["no-prestop"]
    web, edge = "no_connection_is_refused_or_cut", "the_edge_gives_no_502"
    for name in (web, edge):
        explained = broken(results[name], words[name])
        # The drain's own name has the node from which the pods went.
        assert re.search(rf"at .*drain worker2?\b.*({words[name]})", explained), explained


@pytest.mark.thorough(part="faults")
def test_one_coredns_without_lameduck_leaves_lookups_unanswered(faulty: FaultyPass):
    fault = "coredns-replicas=1 coredns-no-lameduck"
    results = faulty.run(fault, (LOOKUPS,), moves("control-plane", "worker", "worker2"))
    words = OUTCOMES[fault]["lookups_keep_answering"]
    explained = broken(results["lookups_keep_answering"], words)
    # The one replica goes with the node that it is on, wherever that is.
    drained = rf"at .*drain (control-plane|worker2?)\b.*({words})"
    assert re.search(drained, explained), explained


@pytest.mark.company
def test_a_kubelet_at_one_request_a_second_lags(faulty: FaultyPass):
    results = faulty.run("kubelet-qps=1", (READY,), moves(), watch_after_s=100)
    name = "ready_is_visible_soon_after_start"
    explained = broken(results[name], OUTCOMES["kubelet-qps=1"][name])
    # Every worker has the fault, from its step on: a line of an outage, or of a slow event.
    lags = rf"(plant kubelet-qps=1|watch-after).*\bstarted-to-ready@{OLD_CLUSTER}-worker2?\b"
    assert re.search(lags, explained), explained


@pytest.mark.company
def test_a_step_that_fails_is_the_verdict(tool: Tool, old_cluster: Cluster):
    ran = tool.run(
        "run", "--from", OLD, "--to", NEW, "--reuse-cluster", old_cluster.name, "--fault",
        "fail-step=kubeadm-apply:control-plane", "--scenario", "upgrade_path",
        "--watch-before", "1", "--watch-after", "1", within_s=8 * MINUTES,
    )  # fmt: skip
    assert ran.code == 1, ran.output
    record = ran.record()
    assert record["verdict"] == "FAIL"
    assert record["failed_step"]["step"] == "kubeadm-apply control-plane"
    for part in ("kubeadm upgrade apply", "exited with 1"):
        assert part in record["failed_step"]["reason"]
    assert "The step `kubeadm-apply control-plane` failed" in ran.summary()
    assert any((ran.artifacts / "logs").rglob("kubelet.log"))


@pytest.mark.thorough(part="faults")
def test_without_the_new_pause_image_kubeadms_health_job_does_not_end(
    tool: Tool, old_cluster: Cluster
):
    image = pause_image_of(NEW)
    if can_pull(old_cluster, image):
        pytest.skip(f"the registry of {image} answers, so that the image is pulled again")
    ran = tool.run(
        "run", "--from", OLD, "--to", NEW, "--reuse-cluster", old_cluster.name, "--fault",
        f"lacks-image={image}", "--scenario", "upgrade_path",
        "--watch-before", "1", "--watch-after", "1", within_s=8 * MINUTES,
    )  # fmt: skip
    assert ran.code == 1, ran.output
    record = ran.record()
    assert record["failed_step"]["step"] == "kubeadm-apply control-plane"
    first = record["failed_step"]["reason"].splitlines()[0]
    assert first.startswith("[ERROR CreateJob]: "), first
    assert record["reason"].startswith("The step 'kubeadm-apply control-plane' failed: [ERROR")
    assert f"those of {NEW} were put on every node beforehand" in ran.summary()


def pause_image_of(version: str) -> str:
    """The pause image that the kubeadm of a version names."""
    listed = docker(
        "run", "--rm", "--network", "none", "--entrypoint", "kubeadm", f"kindest/node:{version}",
        "config", "images", "list", "--kubernetes-version", version,
    )  # fmt: skip
    return next(name for name in listed.splitlines() if "/pause:" in name)


def can_pull(cluster: Cluster, image: str) -> bool:
    """Whether a worker reaches the image's registry."""
    runner = cluster.workers[0].runner
    assert runner is not None
    argv = ("timeout", "20", "ctr", "--namespace", "k8s.io", "images", "pull", image)
    return runner.run(*argv, timeout_s=60, check=False).returncode == 0
