"""What nodes use, on a real cluster: claims hold without a fault, and each fault turns its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scenarios import test_node_resources as page
from tests.kind.conftest import OLD_CLUSTER
from tests.kind.old_cluster.test_faults import FaultyPass, broken
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import load_record, load_timeline

pytestmark = pytest.mark.thorough(part="resources")

KILLED = page.test_nothing_is_oom_killed
EVICTED = page.test_nothing_is_evicted_under_pressure
KUBELET = page.test_kubelets_stay_below_their_ceiling
LAST_WORKER = f"{OLD_CLUSTER}-worker2"
SCHEDULED = "/api/v1/namespaces/kube-system/events?fieldSelector=reason%3DScheduled"
DNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"


@pytest.fixture
def faulty(old_cluster: Cluster, tmp_path: Path) -> FaultyPass:
    """A pass on the shared cluster, in which nothing is upgraded."""
    del old_cluster
    return FaultyPass(tmp_path)


def test_without_a_fault_the_claims_hold_and_slack_is_known(faulty):
    results = faulty.run("", (KILLED, EVICTED, KUBELET), lambda _: False, watch_after_s=70.0)
    assert {result.verdict for result in results.values()} == {Verdict.PASS}, results
    slack = load_record(faulty.folder).resources.slack
    assert {row.resource for row in slack} == {"cpu", "memory"}
    assert all(None not in (*row.allocatable, *row.requested, *row.used) for row in slack)


def test_memory_that_grows_in_the_kubelets_cgroup_breaks_its_ceiling(faulty):
    leak = "kubelet-leak=300Mi/30s"
    results = faulty.run(leak, (KUBELET, EVICTED), lambda _: False, watch_after_s=75.0)
    # It grows once its step is over, so the moment of its peak is in no step of the upgrade.
    peak = r"[3-5]\d\d MiB \(.*; at .* s, .*(watch-after|collect)"
    broken(results["kubelets_stay_below_their_ceiling"], rf"kubelet on {LAST_WORKER}: {peak}")
    assert results["nothing_is_evicted_under_pressure"].verdict is Verdict.PASS
    read = load_timeline(faulty.folder).readings["resources"]
    assert read.of("container_memory_rss", node="worker2"), "cAdvisor shows the unit's cgroup"


def test_a_memory_limit_that_is_too_low_is_found_and_put_back(faulty, old_cluster):
    before = _resources(old_cluster)
    fault = "memory-limit=kube-system/coredns:10Mi"
    results = faulty.run(fault, (KILLED,), lambda _: False, watch_after_s=60.0)
    pod = r"coredns of kube-system/(coredns-\S+) on (\S+): .*"
    killed = rf"{pod}, .*(plant memory-limit|watch-after)"
    explained = broken(results["nothing_is_oom_killed"], killed)
    named = {(name, node) for name, node, _ in re.findall(killed, explained)}
    assert named <= _scheduled(old_cluster), explained
    assert _resources(old_cluster) == before


def _scheduled(cluster: Cluster) -> set[tuple[str, str]]:
    """The pods of kube-system that the scheduler says it gave a node, each with that node."""
    said = [one.get("message") or "" for one in cluster.api.get_json(SCHEDULED)["items"]]
    found = [re.search(r"assigned kube-system/(\S+) to (\S+)", one) for one in said]
    return {(one[1], one[2]) for one in found if one}


def _resources(cluster: Cluster) -> object:
    """What CoreDNS's container may use."""
    template = cluster.api.get_json(DNS)["spec"]["template"]
    return template["spec"]["containers"][0]["resources"]
