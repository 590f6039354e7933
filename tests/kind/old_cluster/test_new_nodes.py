"""A node that joins a real cluster, pods on it from its first moment on, and faults of its network.

The cluster is at the old version and stays so: the node joins at that version. Each pass takes it
out of the cluster again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from scenarios import test_new_pods_have_network as scenario
from tests.claims import SKIPS, claims_of
from tests.kind.conftest import LIMITS, NEW, OLD, OLD_CLUSTER, docker
from tests.kind.old_cluster.test_faults import HERE, broken
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.report import RunRecord, ScenarioResult
from upgrade_e2e.run import ConsoleProgress, JudgedPass, PassSettings, run_pass
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Fault, Plan, resolve, with_faults

pytestmark = pytest.mark.thorough(part="network")

BOUNDED, STRICT = "a_new_node_gets_its_network", "no_pod_comes_before_the_network_of_a_new_node"
IN_TIME, USUAL = "new_pods_start_in_time", "new_pods_have_network"
CLAIMS = (
    scenario.test_new_pods_have_network,
    scenario.test_new_pods_start_in_time,
    scenario.test_a_new_node_gets_its_network,
    scenario.test_no_pod_comes_before_the_network_of_a_new_node,
)


def joining_at_the_old_version(plan: Plan) -> Plan:
    """The plan with creation, its faults, and the node that joins, at the version that is there."""
    kept = [step for step in plan.upgrade if step.kind in {"plant", "join-node"}]
    steps = [dataclasses.replace(s, params={**s.params, "version": OLD}) for s in kept]
    return dataclasses.replace(plan, prepare=plan.prepare[:1], upgrade=tuple(steps), verify=())


def walked(folder: Path, faults: str = "", watch_after_s: float = 45.0) -> RunRecord:
    """A pass over the shared cluster in which nothing but that happens."""
    planted = tuple(Fault.parse(word) for word in faults.split())
    settings = PassSettings(
        reuse_cluster=OLD_CLUSTER, faults=planted, watch_before_s=30.0, watch_after_s=watch_after_s
    )
    limits = Limits.load(LIMITS).override(HERE, __file__)
    provider = make_provider(settings, folder / "work")
    plan = with_faults(provider.plan(resolve([OLD, NEW], [])), planted)
    judged = JudgedPass(joining_at_the_old_version(plan), settings, limits, folder, provider)
    origin = Origin()
    progress = ConsoleProgress(sys.stderr, origin, f"{faults or 'no fault'}: ")
    with contextlib.closing(progress):
        record = run_pass(judged, claims_of(CLAIMS), progress, origin, SKIPS)
    for result in record.scenarios:
        print(result.name, result.verdict, result.explanation, sep="\n")
    return record


def results(record: RunRecord) -> Mapping[str, ScenarioResult]:
    assert record.failed_step is None, record.failed_step
    return {result.name: result for result in record.scenarios}


def nodes_of(cluster: Cluster) -> set[str]:
    """The nodes as the API has them, and as docker has them; the same."""
    shown = {one["metadata"]["name"] for one in cluster.api.get_json("/api/v1/nodes")["items"]}
    label = f"label=io.x-k8s.kind.cluster={cluster.name}"
    listed = docker("ps", "--all", "--filter", label, "--format", "{{.Names}}").split()
    assert set(listed) == shown
    return shown


def test_a_node_joins_is_watched_and_leaves_no_trace(old_cluster: Cluster, tmp_path: Path):
    before = nodes_of(old_cluster)
    record = walked(tmp_path)
    found = results(record)
    assert found[BOUNDED].verdict is Verdict.PASS, found[BOUNDED]
    assert found[USUAL].verdict is Verdict.PASS, found[USUAL]
    assert found[STRICT].verdict in {Verdict.PASS, Verdict.SKIP}
    if found[STRICT].verdict is Verdict.SKIP:
        assert "finding: no taint keeps pods off" in found[STRICT].explanation
    (joined,) = [span for span in record.spans if span.kind == "join-node"]
    assert (joined.node, joined.error) == ("worker3", "")
    (network,) = [seen for seen in record.observers if seen.name == "network"]
    assert network.samples > 0
    taints = [span for span in record.spans if span.kind == "taint" and span.node == "worker3"]
    assert any("node.kubernetes.io/not-ready" in span.name for span in taints), record.spans
    assert nodes_of(old_cluster) == before


def test_a_kube_proxy_that_is_late_on_the_new_node_breaks_the_bound(
    old_cluster: Cluster, tmp_path: Path
):
    found = results(walked(tmp_path, "late-kube-proxy=20s@join-node"))
    explained = broken(found[BOUNDED], "network clusterip-new: ")
    joined = rf"{OLD_CLUSTER}-worker3 joined in the step join-node worker3, from "
    assert re.search(joined, explained), explained
    late = rf"slowest event 1: .* s from .*: clusterip-new@{OLD_CLUSTER}-worker3\b"
    assert re.search(late, explained), explained
    assert found[USUAL].verdict is Verdict.PASS, found[USUAL]
    assert len(nodes_of(old_cluster)) == 3


def test_a_cni_program_that_is_slow_makes_pods_start_late_and_is_put_back(
    old_cluster: Cluster, tmp_path: Path
):
    found = results(walked(tmp_path, "slow-cni=6s", watch_after_s=60.0))
    explained = broken(found[IN_TIME], "network start: ")
    # The workers that were there have the fault, from its step on.
    step = "(plant slow-cni=6s|join-node worker3|watch-after|collect)"
    for worker in ("worker", "worker2"):
        slow = rf"slowest event \d: .* s from .* on, .*{step}.*: start@{OLD_CLUSTER}-{worker}\b"
        assert re.search(slow, explained), explained
    for node in old_cluster.workers:
        kept = docker("exec", node.name, "ls", "/opt/cni/upgrade-e2e")
        assert kept == ""
        program = docker("exec", node.name, "sh", "-c", "head -c 4 /opt/cni/bin/* | grep -c ELF")
        assert int(program) > 1
