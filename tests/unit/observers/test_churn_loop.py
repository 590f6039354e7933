"""The churn loop against a fake API and a fake kubelet with a lag of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.observers.fake_api import FakeApi, Object, fake_cluster
from upgrade_e2e.observers import DeployContext, Images, Parts, PodChurn, pod_client
from upgrade_e2e.observers import churn_loop as module
from upgrade_e2e.observers.churn import pause_image
from upgrade_e2e.observers.churn_loop import ChurnLoop
from upgrade_e2e.timeline import Origin, Outcome, Samples, SamplesBuilder, Window
from upgrade_e2e.wait import Deadline, wait_for

SOON = Deadline(60.0, every_s=0.1)
PODS = "/api/v1/namespaces/upgrade-e2e/pods/"


@dataclass
class FakeKubelet:
    """Starts pods at once, says Ready `lag_s` later, and removes deleted pods."""

    api: FakeApi
    lag_s: float = 0.0
    nodes: set[str] = field(default_factory=set)

    def __call__(self, path: str, thing: Object) -> None:
        if not path.startswith(PODS):
            return
        self.nodes.add(thing["spec"]["nodeName"])
        if thing["metadata"].get("deletionTimestamp"):
            threading.Timer(0.05, self.api.drop, [path]).start()
        elif "status" not in thing:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            threading.Timer(self.lag_s, self._ready, [path, thing, started]).start()

    def _ready(self, path: str, thing: Object, started: str) -> None:
        state = {"running": {"startedAt": started}}
        status = {
            "containerStatuses": [{"state": state}],
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        if path in self.api.objects:
            self.api.put(path, {**thing, "status": status})


@dataclass
class Bench:
    """A churn loop that has not been started."""

    api: FakeApi
    kubelet: FakeKubelet
    context: DeployContext
    parts: Parts

    @property
    def loop(self) -> ChurnLoop:
        (churn_loop,) = self.parts.background_tasks
        assert isinstance(churn_loop, ChurnLoop)
        return churn_loop

    def samples(self) -> Samples:
        builder = SamplesBuilder()
        self.loop.samples(builder, Window(-10.0, 1e6))
        return builder.build()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(pod_client, "_SILENCE_S", 1.0)
    api = FakeApi()
    kubelet = FakeKubelet(api)
    api.hooks.append(kubelet)
    with fake_cluster(api, tmp_path) as cluster:
        context = DeployContext(cluster, Images(), tmp_path, Origin())
        parts = PodChurn(burst=3, every_s=0.2).deploy(context)
        made = Bench(api, kubelet, context, parts)
        yield made
        made.loop.stop()


def await_requests(bench: Bench, count: int, path: str = "") -> None:
    """Wait until the API was asked so many times more, for what begins with `path`."""
    before = len(bench.api.requests)
    wait_for(
        f"{count} requests",
        lambda: sum(asked.startswith(path) for _, asked in bench.api.requests[before:]),
        lambda asked: asked >= count,
        SOON,
    )


def await_ready(bench: Bench, count: int) -> Samples:
    """Wait until so many pods have become ready."""
    return wait_for(
        f"{count} samples",
        bench.samples,
        lambda seen: len(seen.of_stream("started-to-ready@worker")) >= count,
        SOON,
    )


def test_pods_come_and_go_on_workers(bench: Bench) -> None:
    assert bench.loop.missing() == "no churned pod is ready yet on worker"
    bench.loop.start()
    await_ready(bench, 6)
    assert bench.loop.missing() == ""
    assert "last ok after" in bench.loop.status_line()
    bench.loop.stop()
    seen = bench.samples()
    assert set(seen.outcome) == {Outcome.OK}
    assert len(seen.of_stream("deleted-to-gone@worker")) >= 3
    assert bench.kubelet.nodes == {"worker"}


def test_a_crash_is_told_and_ends_nobody_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.loop.start()
    await_ready(bench, 3)

    def crash(*_: object) -> None:
        raise KeyError("churn-1")

    monkeypatch.setattr(bench.loop._client.__class__, "create", crash)
    told = wait_for("the crash", bench.loop.broken, bool, SOON)
    assert "churn-bursts broke with KeyError: 'churn-1'" in told
    bench.loop.stop()


def test_the_lag_of_a_kubelet_is_seen(bench: Bench) -> None:
    bench.kubelet.lag_s = 1.0
    bench.loop.start()
    seen = await_ready(bench, 3).of_stream("started-to-ready@worker")
    assert seen.latency_us.min() >= 1_000_000
    assert seen.streams[0].clock_error_s == 1.0


def test_pods_have_a_controller_so_that_drains_evict_them(bench: Bench) -> None:
    bench.loop.start()
    await_ready(bench, 1)
    created = [event["object"] for event in bench.api.events if event["type"] == "ADDED"]
    pods = [thing for thing in created if thing.get("kind") == "Pod"]
    owner = bench.api.objects["/api/v1/namespaces/upgrade-e2e/configmaps/churn"]
    for pod in pods:
        (reference,) = pod["metadata"]["ownerReferences"]
        assert reference["controller"] is True
        assert reference["uid"] == owner["metadata"]["uid"]


def test_a_cordoned_node_gets_no_pods(bench: Bench) -> None:
    node = bench.api.objects["/api/v1/nodes/worker"]
    bench.api.put("/api/v1/nodes/worker", {**node, "spec": {"unschedulable": True}})
    bench.loop.start()
    await_requests(bench, 3, "/api/v1/nodes/worker")
    assert bench.kubelet.nodes == set()
    bench.api.put("/api/v1/nodes/worker", {**node, "spec": {}})
    await_ready(bench, 1)
    assert bench.kubelet.nodes == {"worker"}


def test_an_api_that_takes_nothing_is_told_apart_from_a_slow_kubelet(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LAST_POD_S", 0.5)  # some pods will never be ready
    bench.loop.start()
    await_ready(bench, 3)

    def refuse_pods(path: str, _: Object) -> None:
        if path.startswith(PODS):
            raise ConnectionError

    bench.api.hooks.insert(0, refuse_pods)
    wait_for(
        "a creation that failed",
        bench.samples,
        lambda seen: Outcome.CREATE_FAILED in set(seen.outcome),
        SOON,
    )
    bench.api.hooks.remove(refuse_pods)
    before = len(bench.samples().of_stream("started-to-ready@worker"))
    seen = await_ready(bench, before + 4)
    assert set(seen.outcome) == {Outcome.OK, Outcome.CREATE_FAILED}
    assert bench.loop.broken() == ""


def test_churning_goes_on_after_the_api_was_away(bench: Bench) -> None:
    bench.loop.start()
    before = len(await_ready(bench, 3))
    bench.api.status = 503
    await_requests(bench, 6)
    bench.api.status = 200
    seen = await_ready(bench, before + 6)
    assert set(seen.outcome) <= {Outcome.OK, Outcome.CREATE_FAILED}
    assert bench.loop.broken() == ""


def test_samples_outside_of_the_window_are_left_out(bench: Bench) -> None:
    bench.loop.start()
    await_ready(bench, 2)
    builder = SamplesBuilder()
    bench.loop.samples(builder, Window(1e5, 1e6))
    assert len(builder.build()) == 0


def test_stopping_ends_the_threads_and_leaves_nothing_unfinished(bench: Bench) -> None:
    bench.loop.start()
    await_ready(bench, 1)
    bench.loop.stop()
    bench.loop.stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("churn-")]


def test_the_api_is_probed_beside_the_churn(bench: Bench) -> None:
    (probe,) = bench.parts.host_probes
    assert (probe.name, probe.interval_s) == ("api", 0.2)
    assert probe.target.endswith("/readyz")


def node_with(*names: str) -> SimpleNamespace:
    """A node that reports these images."""
    images = [SimpleNamespace(names=[name]) for name in names]
    return SimpleNamespace(status=SimpleNamespace(images=images))


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([], "python"),
        ([node_with("nginx:stable")], "python"),
        ([node_with("registry.k8s.io/pause:3.10"), node_with()], "registry.k8s.io/pause:3.10"),
        ([node_with("r/pause:1"), node_with("r/pause:2"), node_with("r/pause:2")], "r/pause:2"),
        ([node_with("r/pause:3@sha256:0")], "python"),
    ],
)
def test_the_pause_image_that_most_nodes_have(nodes: list[SimpleNamespace], expected: str) -> None:
    assert pause_image(nodes, default="python") == expected


def test_without_a_pause_image_the_agent_image_sleeps(bench: Bench) -> None:
    client = bench.loop._client
    (container,) = client.manifest("a", "worker")["spec"]["containers"]
    assert container["image"] == "python:3.11-slim"
    assert container["command"] == ["sleep", "infinity"]


def test_stopping_lets_the_last_pods_get_ready_and_does_not_sit_out_the_silence(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_client, "_SILENCE_S", 60.0)  # longer than a join waits
    bench.kubelet.lag_s = 0.5
    bench.loop.start()
    await_ready(bench, 1)
    bench.loop.stop()
    assert set(bench.samples().outcome) == {Outcome.OK}
    assert not [one for one in threading.enumerate() if one.name.startswith("churn-")]
