"""The loop that makes pods which try their network, against a fake API, scheduler and kubelet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.observers.fake_api import FakeApi, Object, fake_cluster
from upgrade_e2e.agent.clock import boot_id, monotonic_us
from upgrade_e2e.cluster.room import Room
from upgrade_e2e.errors import BadInput, E2eError
from upgrade_e2e.observers import DeployContext, Images, NewPodsNetwork, Parts
from upgrade_e2e.observers import knock_loop as module
from upgrade_e2e.observers.knock_loop import KnockLoop
from upgrade_e2e.observers.knock_pods import API_SERVICE
from upgrade_e2e.observers.objects import labels
from upgrade_e2e.timeline import Origin, Outcome, Samples, SamplesBuilder, Window
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(60.0, every_s=0.1)
PODS = "/api/v1/namespaces/upgrade-e2e/pods/"
PEERS = "/apis/apps/v1/namespaces/upgrade-e2e/daemonsets/network-peer"
KINDS = ("start", "clusterip", "dns", "peer", "gateway")


def story(missing_us: int = 0) -> str:
    """What a pod writes that was without DNS for so long."""
    start_us = monotonic_us() - 20_000
    dns = "101000 100500 0 - - -"
    if missing_us:
        dns = f"{missing_us} {missing_us - 500} 9 100000 {missing_us - 1000} timeout=9"
    rest = "".join(f"{one} 101000 100500 0 - - -\n" for one in ("clusterip", "peer", "gateway"))
    return f"knock 1 {boot_id()} {start_us} 0 100000 1900000\ndns {dns}\n{rest}"


@dataclass
class FakeNode:
    """Schedules pods by their selector, runs them and removes deleted ones.

    `held` are nodes that no pod is bound to yet, as behind a taint.
    """

    api: FakeApi
    missing_us: int = 0
    held: set[str] = field(default_factory=set)
    silent: bool = False
    made: list[Object] = field(default_factory=list)

    def __call__(self, path: str, thing: Object) -> None:
        if not path.startswith(PODS) or "/network-peer" in path:
            return
        if thing["metadata"].get("deletionTimestamp"):
            threading.Timer(0.02, self.api.drop, [path]).start()
        elif "status" not in thing:
            self.made.append(thing)
            threading.Timer(0.02, self.bind, [path, thing]).start()

    def bind(self, path: str, thing: Object) -> None:
        node = thing["spec"]["nodeSelector"]["kubernetes.io/hostname"]
        while node in self.held:
            time.sleep(0.02)
        if path not in self.api.objects:
            return
        bound = {**thing, "spec": {**thing["spec"], "nodeName": node}, "status": {}}
        self.api.put(path, bound)
        if not self.silent:
            state = {"terminated": {"message": story(self.missing_us)}}
            self.api.put(path, {**bound, "status": {"containerStatuses": [{"state": state}]}})


@dataclass
class Bench:
    """A loop that has not been started."""

    api: FakeApi
    node: FakeNode
    context: DeployContext
    parts: Parts

    @property
    def loop(self) -> KnockLoop:
        (loop,) = self.parts.background_tasks
        assert isinstance(loop, KnockLoop)
        return loop

    def samples(self) -> Samples:
        builder = SamplesBuilder()
        self.loop.samples(builder, Window(-10.0, 1e6))
        return builder.build()

    def count(self, stream: str) -> int:
        seen = self.samples()
        names = [one.name for one in seen.streams]
        return len(seen.of_stream(stream)) if stream in names else 0

    def await_count(self, stream: str, count: int) -> None:
        wait_for(f"{count} of {stream}", lambda: self.count(stream), lambda n: n >= count, SOON)


def ready_peer(node: str, address: str) -> Object:
    return {
        "kind": "Pod",
        "metadata": {"name": f"network-peer-{node}", "labels": labels("network-peer")},
        "spec": {"nodeName": node},
        "status": {
            "phase": "Running",
            "podIP": address,
            "containerStatuses": [{"ready": True}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "_LAST_POD_S", 0.5)
    monkeypatch.setattr(module, "_LAST_WORDS_S", 0.5)
    api = FakeApi()
    node = FakeNode(api)
    api.hooks.append(node)
    with fake_cluster(api, tmp_path) as cluster:
        api.addresses = ("10.96.0.1",)
        service = {"metadata": {"name": "kubernetes"}, "spec": {"ports": [{"port": 443}]}}
        api.put(API_SERVICE, {"kind": "Service", **service})
        for name, address in (("cp", "10.244.0.5"), ("worker", "10.244.1.5")):
            api.put(f"{PODS}network-peer-{name}", ready_peer(name, address))
        api.put("/api/v1/namespaces/default/events/e", {"kind": "Event", "involvedObject": {}})
        context = DeployContext(cluster, Images(agent="my/python:1"), tmp_path, Origin())
        observer = NewPodsNetwork(every_s=0.2, early_every_s=0.2, new_every_s=0.2)
        made = Bench(api, node, context, observer.deploy(context))
        yield made
        made.loop.stop()


def test_pods_come_for_workers_and_what_they_wrote_becomes_samples(bench: Bench) -> None:
    assert bench.loop.missing() == "no pod has tried its network yet on worker"
    bench.loop.start()
    bench.await_count("dns@worker", 4)
    assert bench.loop.missing() == ""
    bench.loop.stop()
    seen = bench.samples()
    assert {one.name for one in seen.streams} >= {f"{kind}@worker" for kind in KINDS[1:]}
    assert set(seen.outcome) == {Outcome.OK}
    assert seen.of_stream("dns@worker").latency_us.max() == 500
    assert all(one.clock_error_s == 0 for one in seen.streams)
    assert bench.loop.broken() == ""


def test_time_without_is_seen_with_the_number_of_tries_and_the_pod(bench: Bench) -> None:
    bench.node.missing_us = 1_700_000
    bench.loop.start()
    bench.await_count("dns@worker", 2)
    seen = bench.samples().of_stream("dns@worker")
    assert set(seen.latency_us.tolist()) == {1_700_000}
    assert set(seen.code.tolist()) == {9}
    assert seen.backends[seen.backend[0]].startswith("network-")
    assert "dns missing for up to 1.7" in bench.loop.status_line()


def test_pods_are_bound_by_the_scheduler_so_that_taints_hold_for_them(bench: Bench) -> None:
    bench.loop.start()
    bench.await_count("dns@worker", 1)
    spec = bench.node.made[0]["spec"]
    assert spec["nodeSelector"] == {"kubernetes.io/hostname": "worker"}
    assert "nodeName" not in spec
    assert "tolerations" not in spec
    assert spec["restartPolicy"] == "Never"
    (container,) = spec["containers"]
    assert container["image"] == "my/python:1"
    words = container["command"]
    assert "knock" in words
    assert "clusterip=10.96.0.1:443" in words
    assert "peer=10.244.0.5:8080" in words, "that of another node"
    assert "dns=kubernetes.default.svc.cluster.local./A" in words
    assert container["terminationMessagePath"] in words[-1]
    (reference,) = bench.node.made[0]["metadata"]["ownerReferences"]
    assert reference["controller"] is True


def new_node(bench: Bench, *, ready: bool = False, **spec: Any) -> None:
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    thing = {"kind": "Node", "metadata": {"name": "worker3"}, "spec": spec}
    status = {"conditions": [condition], "nodeInfo": {"kubeletVersion": "v1.34.1"}}
    bench.api.put("/api/v1/nodes/worker3", {**thing, "status": status})


def test_pods_wait_for_a_node_that_joins_and_are_apart(bench: Bench) -> None:
    bench.loop.start()
    bench.await_count("dns@worker", 1)
    bench.node.held.add("worker3")
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    new_node(bench, taints=[taint])
    wait_for(
        "pods that wait",
        lambda: [one["spec"]["nodeSelector"]["kubernetes.io/hostname"] for one in bench.node.made],
        lambda names: names.count("worker3") >= 3,
        SOON,
    )
    assert bench.count("dns-new@worker3") == 0
    new_node(bench, ready=True)
    bench.node.held.clear()
    bench.await_count("dns-new@worker3", 3)
    assert bench.count("dns@worker3") == bench.count("dns-early@worker3") == 0
    (span,) = bench.loop.spans()
    assert (span.kind, span.node) == ("taint", "worker3")
    assert span.name == "taint node.kubernetes.io/not-ready:NoSchedule worker3"


def test_a_cordoned_node_gets_no_pods(bench: Bench) -> None:
    node = bench.api.objects["/api/v1/nodes/worker"]
    bench.api.put("/api/v1/nodes/worker", {**node, "spec": {"unschedulable": True}})
    bench.loop.start()
    time.sleep(1.0)
    assert bench.node.made == []
    bench.api.put("/api/v1/nodes/worker", {**node, "spec": {}})
    bench.await_count("dns@worker", 1)


def test_no_more_pods_are_made_than_can_be_on_their_way(bench: Bench) -> None:
    bench.node.held.add("worker")
    bench.loop.start()
    time.sleep(2.0)
    assert len(bench.node.made) == 4
    bench.node.held.clear()


def test_it_goes_on_after_the_api_was_away(bench: Bench) -> None:
    bench.loop.start()
    bench.await_count("dns@worker", 1)
    bench.api.status = 503
    time.sleep(0.5)
    bench.api.status = 200
    bench.await_count("dns@worker", bench.count("dns@worker") + 2)
    assert bench.loop.broken() == ""


def test_pods_that_are_done_are_deleted_once(bench: Bench) -> None:
    bench.loop.start()
    bench.await_count("dns@worker", 3)
    bench.loop.stop()
    asked = [path for method, path in bench.api.requests if method == "DELETE"]
    assert len(asked) >= 3
    assert len(asked) == len(set(asked))


def test_stopping_ends_the_threads_and_deletes_what_is_left(bench: Bench) -> None:
    bench.node.silent = True
    bench.loop.start()
    wait_for("a pod", lambda: bench.node.made, bool, SOON)
    bench.loop.stop()
    bench.loop.stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("network-")]
    deleted = {path for method, path in bench.api.requests if method == "DELETE"}
    assert {f"{PODS}{one['metadata']['name']}" for one in bench.node.made} <= deleted


def test_the_fixed_pods_keep_off_nodes_that_join(bench: Bench) -> None:
    pod = bench.api.objects[PEERS]["spec"]["template"]["spec"]
    required = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "upgrade-e2e/joined", "operator": "DoesNotExist"}]


def test_the_api_is_asked_beside_so_that_its_absences_show(bench: Bench) -> None:
    (probe,) = bench.parts.host_probes
    assert (probe.name, probe.interval_s) == ("api", 0.2)


def test_on_a_simulated_cluster_nothing_is_deployed(bench: Bench) -> None:
    simulated = DeployContext(
        bench.context.cluster, Images(), bench.context.workdir, Origin(), simulated=True
    )
    before = len(bench.api.requests)
    assert NewPodsNetwork().deploy(simulated) == Parts()
    assert len(bench.api.requests) == before


def test_nodes_that_are_kept_for_others_get_no_pods(bench: Bench) -> None:
    room = Room(nodes=("cp", "worker"), open_nodes=(), control_planes=())
    kept = DeployContext(
        bench.context.cluster, Images(), bench.context.workdir, Origin(), room=room
    )
    with pytest.raises(E2eError, match="no node takes the pods that try their network"):
        NewPodsNetwork().deploy(kept)


@pytest.mark.parametrize(
    "value",
    [
        {"every_s": 0.0},
        {"early_every_s": -1.0},
        {"new_every_s": float("inf")},
        {"timeout_s": 0},
        {"label": "My Net"},
    ],
)
def test_values_that_cannot_work_are_refused(value: dict[str, Any]) -> None:
    (name,) = value
    with pytest.raises(BadInput, match=f"NewPodsNetwork.{name}"):
        NewPodsNetwork(**value)
