"""NodeResources asks each node's own kubelet, and the API for kills and room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.errors import E2eError
from upgrade_e2e.observers import DeployContext, Images, NodeResources, Parts
from upgrade_e2e.observers.kills import OOM_KILL
from upgrade_e2e.observers.resource_watch import ALLOCATABLE, REQUESTED, ResourceWatch
from upgrade_e2e.timeline import Origin, Window
from upgrade_e2e.wait import Deadline, wait_for

PODS = "/api/v1/namespaces/kube-system/pods"
WHOLE = Window(0.0, 1e6)


@pytest.fixture
def context(api: FakeApi, tmp_path: Path) -> Iterator[DeployContext]:
    with fake_cluster(api, tmp_path) as cluster:
        for node in cluster.nodes:
            status = {
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                "allocatable": {"cpu": "2", "memory": "4Gi"},
            }
            api.put(
                f"/api/v1/nodes/{node.name}", {"metadata": {"name": node.name}, "status": status}
            )
        yield DeployContext(cluster, Images(), tmp_path, Origin())


def killed(name: str, at: str) -> dict[str, Any]:
    """A pod whose container was OOM killed."""
    ended = {"terminated": {"reason": "OOMKilled", "finishedAt": at}}
    return {
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"nodeName": "worker", "containers": []},
        "status": {"containerStatuses": [{"name": "c", "lastState": ended}]},
    }


@pytest.fixture
def watch(context: DeployContext) -> Iterator[ResourceWatch]:
    made = ResourceWatch(context, "resources", 0.05)
    yield made
    made.stop()


def begun(watch: ResourceWatch) -> None:
    """Start, and wait until it has seen what there is."""
    watch.start()
    wait_for("the first look", watch.missing, lambda lacking: not lacking, Deadline(10, 0.01))


def test_three_pages_of_each_nodes_own_kubelet_are_scraped(context):
    parts = NodeResources(every_s=5, timeout_s=2).deploy(context)
    probes = {probe.name: probe for probe in parts.own_node_probes}
    assert {name: probe.settings["url"] for name, probe in probes.items()} == {
        "kubelet": "https://{node_ip}:10250/metrics",
        "node": "https://{node_ip}:10250/metrics/resource",
        "cgroups": "https://{node_ip}:10250/metrics/cadvisor",
    }
    assert {(probe.kind, probe.interval_s, probe.timeout_s) for probe in probes.values()} == {
        ("scrape", 5, 2)
    }
    assert "container_oom_events_total" in probes["cgroups"].settings["metrics"]
    assert len(parts.background_tasks) == 1


def test_nothing_is_deployed_on_a_simulated_cluster(context):
    assert NodeResources().deploy(replace(context, simulated=True)) == Parts()


@pytest.mark.parametrize("port", [None, 10255])
def test_kubelets_that_cannot_all_be_asked_in_one_way_are_refused(api, context, port):
    endpoint = {"kubeletEndpoint": {"Port": port}} if port else {}
    names = ("worker",) if port else ("worker", "cp")
    for name in names:
        api.put(
            f"/api/v1/nodes/{name}",
            {"metadata": {"name": name}, "status": {"daemonEndpoints": endpoint}},
        )
    with pytest.raises(E2eError, match="asks all kubelets at one port"):
        NodeResources().deploy(context)


def test_a_kill_from_before_is_none_and_each_later_one_is(api, watch):
    api.put(f"{PODS}/dns", killed("dns", "before"))
    begun(watch)
    api.put(f"{PODS}/dns", killed("dns", "now"))
    wait_for("the kill", watch.status_line, bool, Deadline(10, 0.01))
    (kill,) = watch.readings(WHOLE).of(OOM_KILL)
    assert (kill.node, kill.labels["pod"], kill.labels["container"]) == ("worker", "dns", "c")
    assert watch.status_line() == "1 killed"


def test_the_last_look_is_taken_when_it_is_stopped(api, context):
    watch = ResourceWatch(context, "resources", 3600)
    begun(watch)
    api.put(f"{PODS}/dns", killed("dns", "late"))
    closed_s = context.origin.now_s()
    watch.stop()
    (kill,) = watch.readings(Window(0.0, closed_s)).of(OOM_KILL)
    assert kill.at_us.tolist() == [round(closed_s * 1e6)]


def test_the_room_of_nodes_is_read_at_both_ends(api, watch):
    begun(watch)
    asked = [{"name": "c", "resources": {"requests": {"cpu": "500m"}}}]
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "worker", "containers": asked}}
    api.put("/api/v1/pods/p", {**pod, "status": {"phase": "Running"}})
    watch.stop()
    read = watch.readings(WHOLE)
    assert [one.value.tolist() for one in read.of(REQUESTED, node="worker", resource="cpu")] == [
        [0.0, 0.5]
    ]
    assert [one.value.tolist() for one in read.of(ALLOCATABLE, node="cp", resource="memory")] == [
        [float(4 << 30)] * 2
    ]


def test_an_api_that_is_away_is_asked_again_later(api, watch):
    begun(watch)
    api.status = 503
    api.put(f"{PODS}/dns", killed("dns", "away"))
    asked = len(api.requests)
    wait_for("a refused look", lambda: len(api.requests), lambda n: n > asked, Deadline(10, 0.01))
    api.status = 200
    wait_for("the kill", watch.status_line, bool, Deadline(10, 0.01))
    assert watch.broken() == ""
