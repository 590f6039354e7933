"""Each scenario can fail: its fault is planted on a real cluster, and it says what went wrong.

The faults share one cluster at the old version (those that show beside other clusters share another
one), and each pass runs only the steps that its fault needs, under the same limits under which the
same steps hold without a fault. The order matters: what a fault leaves behind must not disturb the
next one. Every run plants those that share the cores; the others are a part of `ci/test --all`.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import test_dns_latency, test_pod_churn, test_rollout_502
from tests.kind.conftest import LIMITS, MINUTES, NEW, OLD, OLD_CLUSTER, Tool
from tests.outcomes import OUTCOMES
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits
from upgrade_e2e.observers import Observer
from upgrade_e2e.run import ConsoleProgress, Pass, PassSettings, RunningPass, Upgraded
from upgrade_e2e.run.choose import choose_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Fault, Plan, Step, resolve, with_faults

# A fault's pass is short, so few samples must do. No API server restarts in it, so no kubelet waits
# out a back-off, for which CI's plain pass is allowed 75 s. Everything else is as there.
HERE = {"instrument": {"min_samples": 20}, "churn": {"ready_p99_s": 15.0, "gone_p99_s": 15.0}}


@dataclasses.dataclass(frozen=True)
class FaultyPass:
    """A pass on the shared cluster with one fault and the steps that it needs."""

    folder: Path

    def run(
        self,
        fault: str,
        observers: tuple[Observer, ...],
        wanted: Callable[[Step], bool],
        settle_s: float = 5.0,
    ) -> tuple[Upgraded, Limits]:
        """What was seen, and the limits to judge it by."""
        faults = tuple(Fault.parse(word) for word in fault.split())
        name = fault or "no fault"
        settings = PassSettings(
            reuse_cluster=OLD_CLUSTER, faults=faults, baseline_s=5.0, settle_s=settle_s
        )
        limits = Limits.load(LIMITS).override(HERE, "tests/kind/old_cluster/test_faults.py")
        (self.folder / "work").mkdir()
        provider = choose_provider(settings, self.folder / "work")
        plan = only(with_faults(provider.plan(resolve([OLD, NEW], [])), faults), wanted)
        origin = Origin()
        progress = ConsoleProgress(sys.stderr, origin, f"{name}: ")
        what = Pass(
            plan=plan,
            provider=provider,
            observers=observers,
            settings=settings,
            limits=limits,
            folder=self.folder,
            progress=progress,
            run_id=uuid.uuid4().hex,
            origin=origin,
        )
        try:
            return RunningPass(what).run(), limits
        finally:
            progress.close()
            provider.delete()


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


@pytest.mark.thorough(part="faults")
def test_without_a_fault_the_same_drains_hold(faulty: FaultyPass):
    observers = (test_rollout_502.WEB, test_rollout_502.EDGE, test_dns_latency.LOOKUPS)
    upgraded, limits = faulty.run("", observers, moves("control-plane", "worker", "worker2"))
    test_rollout_502.test_no_connection_is_refused_or_cut(upgraded, limits)
    test_rollout_502.test_the_edge_gives_no_502(upgraded, limits)
    test_dns_latency.test_lookups_keep_answering(upgraded, limits)


@pytest.mark.thorough(part="faults")
def test_without_a_prestop_delay_connections_are_refused(faulty: FaultyPass):
    observers = (test_rollout_502.WEB, test_rollout_502.EDGE)
    upgraded, limits = faulty.run("no-prestop", observers, moves("worker", "worker2"))
    with pytest.raises(AssertionError) as caught:
        test_rollout_502.test_no_connection_is_refused_or_cut(upgraded, limits)
    told = str(caught.value)
    words = OUTCOMES["no-prestop"]
    assert re.search(words["no_connection_is_refused_or_cut"], told), told
    assert "drain worker" in told, told
    with pytest.raises(AssertionError) as caught:
        test_rollout_502.test_the_edge_gives_no_502(upgraded, limits)
    assert re.search(words["the_edge_gives_no_502"], str(caught.value)), str(caught.value)


@pytest.mark.thorough(part="faults")
def test_one_coredns_without_lameduck_leaves_lookups_unanswered(faulty: FaultyPass):
    upgraded, limits = faulty.run(
        "coredns-replicas=1 coredns-no-lameduck",
        (test_dns_latency.LOOKUPS,),
        moves("control-plane", "worker", "worker2"),
    )
    with pytest.raises(AssertionError) as caught:
        test_dns_latency.test_lookups_keep_answering(upgraded, limits)
    told = str(caught.value)
    words = OUTCOMES["coredns-replicas=1 coredns-no-lameduck"]
    assert re.search(words["lookups_keep_answering"], told), told
    assert "drain" in told, told


@pytest.mark.company
def test_a_kubelet_at_one_request_a_second_lags(faulty: FaultyPass):
    upgraded, limits = faulty.run(
        "kubelet-qps=1", (test_pod_churn.CHURN,), lambda step: step.kind == "plant", settle_s=100
    )
    with pytest.raises(AssertionError) as caught:
        test_pod_churn.test_ready_is_visible_soon_after_start(upgraded, limits)
    words = OUTCOMES["kubelet-qps=1"]
    assert re.search(words["ready_is_visible_soon_after_start"], str(caught.value))


@pytest.mark.company
def test_a_step_that_fails_is_the_verdict(tool: Tool, old_cluster: Cluster):
    ran = tool.run(
        "run", "--from", OLD, "--to", NEW, "--reuse-cluster", old_cluster.name, "--fault",
        "fail-step=kubeadm-apply:control-plane", "--scenario", "upgrade_path",
        "--baseline", "1", "--settle", "1", within_s=8 * MINUTES,
    )  # fmt: skip
    assert ran.code == 1, ran.output
    record = ran.record()
    assert record["verdict"] == "FAIL"
    assert record["failed_step"]["step"] == "kubeadm-apply control-plane"
    for part in ("kubeadm upgrade apply", "exited with 1"):
        assert part in record["failed_step"]["reason"]
    assert "The step `kubeadm-apply control-plane` failed" in ran.summary()
    assert any((ran.artifacts / "logs").rglob("kubelet.log"))
