"""An observation from deploy to samples: a fake API, real agents, a real target that fails."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.unit.agent.rig import (
    SOON,
    Agent,
    Rig,
    await_outcome,
    free_port,
    misbehaving,
    outcomes,
    send_and_close,
)
from tests.unit.agent.test_exposition import PAGE
from tests.unit.observers.fake_api import FakeApi, Object, fake_cluster
from upgrade_e2e.agent.server import answer_bytes
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import BadInput, E2eError, Hopeless, Inconclusive
from upgrade_e2e.judge import require_view
from upgrade_e2e.observers import (
    DeployContext,
    DnsLookups,
    HttpService,
    Images,
    Observation,
    Observer,
    Parts,
    PodChurn,
    Probe,
    Workload,
    fleet,
)
from upgrade_e2e.observers import observation as module
from upgrade_e2e.observers.base import BackgroundTask
from upgrade_e2e.observers.link import get_json
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import (
    Connection,
    Origin,
    Outcome,
    Readings,
    SamplesBuilder,
    Series,
    Span,
    Timeline,
    Window,
)
from upgrade_e2e.wait import wait_for

PODS = "/api/v1/namespaces/upgrade-e2e/pods"


@dataclass(frozen=True)
class Loopback:
    """An observer of a server on this machine, once from a node and once from the host."""

    port: int
    label: str = "web"

    def deploy(self, context: DeployContext) -> Parts:
        """See Observer."""
        url = f"http://127.0.0.1:{self.port}/"
        probe = Probe("new", "http", url, 0.01, 10.0, Connection.NEW, {"url": url})
        return Parts(node_probes=(probe,), host_probes=(probe,))


@dataclass(frozen=True)
class Stumbler:
    """A task that breaks on request; as a value, so that equal ones are one."""

    wanted: threading.Event = field(default_factory=threading.Event, compare=False)
    threads: list[BackgroundThreads] = field(default_factory=list, compare=False)

    def start(self) -> None:
        """See BackgroundTask."""
        self.threads.append(BackgroundThreads({"stumbler": self._run}))
        self.threads[0].start()

    def _run(self) -> None:
        self.wanted.wait(60.0)
        raise RuntimeError("stumbled")

    def missing(self) -> str:
        """See BackgroundTask."""
        return ""

    def status_line(self) -> str:
        """See BackgroundTask."""
        return ""

    def stop(self) -> None:
        """See BackgroundTask."""

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask."""

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self.threads[0].broken if self.threads else ""


@dataclass(frozen=True)
class Stumbling:
    """An observer of nothing but its task."""

    label: str
    task: BackgroundTask

    def deploy(self, context: DeployContext) -> Parts:
        """See Observer."""
        return Parts(background_tasks=(self.task,))


@dataclass
class Kubelet:
    """Runs the prober of the DaemonSet as a real process, in a pod of the node `worker`."""

    api: FakeApi
    rig: Rig
    prober: Agent | None = None

    def __call__(self, path: str, thing: Object) -> None:
        if path.endswith("/daemonsets/prober"):
            config = self.api.objects["/api/v1/namespaces/upgrade-e2e/configmaps/prober-spec"]
            spec = json.loads(config["data"]["spec.json"])
            self.prober = self.rig.probe(*spec["streams"], run=spec["run"], token=spec["token"])
            self.run_as("prober-1", self.prober)
            meta = thing["spec"]["template"]["metadata"]
            assert meta["annotations"] == {"upgrade-e2e/run": spec["run"]}

    def run_as(self, name: str, prober: Agent) -> None:
        """The prober runs in the pod `name`, and no other pod is there."""
        for other in [path for path in self.api.objects if path.startswith(PODS + "/prober")]:
            self.api.drop(other)
        self.api.pod_ports = {f"{name}:9464": prober.port}
        labels = {"app.kubernetes.io/name": "prober"}
        pod = {
            "kind": "Pod",
            "metadata": {"name": name, "labels": labels},
            "spec": {"nodeName": "worker", "containers": []},
            "status": {"phase": "Running"},
        }
        self.api.put(f"{PODS}/{name}", pod)


@dataclass
class Bench:
    """Everything that one test needs."""

    api: FakeApi
    cluster: Cluster
    kubelet: Kubelet
    rig: Rig
    folder: Path

    def observe(self, *observers: Observer) -> Observation:
        return Observation(self.cluster, observers, Images(), Origin(), self.folder / "work")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(fleet, "POLL_EVERY_S", 0.1)
    api, rig = FakeApi(), Rig(tmp_path)
    kubelet = Kubelet(api, rig)
    api.hooks.append(kubelet)
    with contextlib.closing(rig), fake_cluster(api, tmp_path) as cluster:
        yield Bench(api, cluster, kubelet, rig, tmp_path)


def await_more(prober: Agent, count: int) -> None:
    """Wait until so many more probes were answered."""
    before = outcomes(prober, "web.new").get("ok", 0)
    await_outcome(prober, "ok", "web.new", count=before + count)


def await_on_host(observation: Observation, label: str) -> None:
    """Wait until the prober on the host has seen `label`."""
    link = observation._fleet._local.link
    wait_for(
        f"{label} on the host",
        lambda: get_json(link, "/status")["streams"]["web.new"]["outcomes"],
        lambda seen: label in seen,
        SOON,
    )


def await_on_disk(bench: Bench, observation: Observation, count: int) -> None:
    """Wait until the node's prober has written down so many samples that count."""
    start_us = (observation._site.origin.monotonic_s + observation.watched.start_s) * 1e6
    wait_for(
        f"{count} samples on disk",
        lambda: int((bench.rig.on_disk("web.new")["intended_us"] >= start_us).sum()),
        lambda written: written >= count,
        SOON,
    )


def test_what_probers_saw_comes_back_on_the_timeline(bench: Bench) -> None:
    server = bench.rig.serve()
    observation = bench.observe(Loopback(server.port))
    with contextlib.closing(observation):
        observation.deploy()
        start_s = observation.start()
        planted = server.post("/outage?kind=503&ms=300")
        await_outcome(bench.kubelet.prober, "5xx", "web.new")
        await_on_host(observation, "5xx")
        await_more(bench.kubelet.prober, 10)
        samples = observation.finish()["web"]
        origin_us = round(observation._site.origin.monotonic_s * 1e6)

    assert [stream.name for stream in samples.streams] == ["new@worker", "new@host"]
    assert [stream.node for stream in samples.streams] == ["worker", "host"]
    assert {stream.connection for stream in samples.streams} == {Connection.NEW}
    assert observation.watched.start_s == start_s
    assert samples.intended_us.min() >= start_s * 1e6
    assert samples.intended_us.max() <= observation.watched.end_s * 1e6
    for stream in ("new@worker", "new@host"):
        seen = samples.of_stream(stream)
        failed = seen.where(seen.outcome == Outcome.HTTP_5XX)
        assert set(np.diff(seen.intended_us)) == {10_000}
        assert len(failed) > 0
        sent_us = failed.intended_us + failed.lateness_us.astype(np.int64)
        assert np.all(sent_us <= planted["end_us"] - origin_us)
        assert np.all(failed.done_s * 1e6 >= planted["begin_us"] - origin_us)
        assert set(failed.code) == {503}
    assert {clock.shared for clock in observation.clocks.values()} == {True}
    assert {stream.clock_error_s for stream in samples.streams} == {0.0}


def test_a_prober_that_was_replaced_keeps_its_samples(bench: Bench) -> None:
    server = bench.rig.serve()
    observation = bench.observe(Loopback(server.port))
    with contextlib.closing(observation):
        observation.deploy()
        observation.start()
        old = bench.kubelet.prober
        await_on_disk(bench, observation, 25)
        old.end()
        again = bench.rig.start(
            "probe",
            f"--spec={bench.folder / 'spec.json'}",
            f"--spool={bench.folder / 'spool'}",
            "--listen=127.0.0.1:0",
            "--priority=none",
            token=old.token,
        )
        bench.kubelet.run_as("prober-2", again)
        await_outcome(again, "ok", "web.new", count=30)
        seen = observation.finish()["web"].of_stream("new@worker")
    gaps = np.diff(seen.intended_us)
    assert gaps.max() > 10_000  # the time without a prober shows as a gap
    longest = int(gaps.argmax())
    assert min(longest, len(seen) - longest) >= 20


def test_a_prober_that_is_gone_leaves_streams_without_samples(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fleet, "COLLECT_S", 0.3)
    monkeypatch.setattr(fleet, "CLOCK_S", 0.3)
    server = bench.rig.serve()
    observation = bench.observe(Loopback(server.port))
    with contextlib.closing(observation):
        observation.deploy()
        observation.start()
        await_more(bench.kubelet.prober, 10)
        bench.kubelet.prober.end()
        seen = observation.finish()["web"]
    assert [stream.name for stream in seen.streams] == ["new@host"]
    assert "the samples of worker cannot be collected" in caplog.text


def test_what_broke_is_told_of_each_observer_that_shares_it(bench: Bench) -> None:
    server, stumbler = bench.rig.serve(), Stumbler()
    observers = (Stumbling("one", stumbler), Stumbling("two", Stumbler()), Loopback(server.port))
    observation = bench.observe(*observers)
    with contextlib.closing(observation):
        observation.deploy()
        observation.start()
        stumbler.wanted.set()
        wait_for("the crash", stumbler.broken, bool, SOON)
        seen = observation.finish()
    told = {name: samples.broken.partition(" (")[0] for name, samples in seen.items()}
    why = "its thread stumbler broke with RuntimeError: stumbled"
    assert told == {"one": why, "two": why, "web": ""}
    for name in ("one", "two"):
        with pytest.raises(Inconclusive, match="broke with RuntimeError: stumbled"):
            require_view(Timeline(observation.watched, (), seen), name)


def test_what_breaks_before_watching_begins_ends_the_wait(bench: Bench) -> None:
    stumbler = Stumbler()
    stumbler.wanted.set()
    observation = bench.observe(Stumbling("one", stumbler), Loopback(free_port()))
    with contextlib.closing(observation), pytest.raises(Hopeless, match="stumbled"):
        observation.deploy()


def test_statuses_show_what_goes_on(bench: Bench) -> None:
    server = bench.rig.serve()
    observation = bench.observe(Loopback(server.port))
    with contextlib.closing(observation):
        observation.deploy()
        observation.start()
        assert set(observation.statuses()) == {"web"}
        server.post("/outage?kind=503&ms=60000")
        wait_for(
            "5xx", lambda: str(observation.statuses()["web"]), lambda said: "5xx" in said, SOON
        )
        bench.api.status = 503  # the API goes away: the lines stay
        assert str(observation.statuses()["web"])
        bench.api.status = 200


def test_watching_does_not_begin_before_every_stream_works(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEPLOY_S", 1.0)
    observation = bench.observe(Loopback(free_port()))
    with (
        contextlib.closing(observation),
        pytest.raises(E2eError, match=r"web\.new@worker has not succeeded yet \(refused\)"),
    ):
        observation.deploy()


def test_watching_does_not_begin_before_workloads_are_ready(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEPLOY_S", 0.2)
    bench.api.ready = False
    observation = bench.observe(Loopback(free_port()))
    with (
        contextlib.closing(observation),
        pytest.raises(E2eError, match="daemonset prober: 0 of 1 pods ready"),
    ):
        observation.deploy()


def test_an_image_that_cannot_be_had_ends_the_wait_at_once(bench: Bench) -> None:
    bench.api.ready = False
    waiting = {"reason": "ImagePullBackOff", "message": "no such host"}
    status = {"name": "web", "image": "nowhere/agent", "imageID": "", "ready": False}
    status |= {"restartCount": 0, "state": {"waiting": waiting}}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "web-1"},
        "spec": {"nodeName": "worker", "containers": []},
        "status": {"phase": "Pending", "containerStatuses": [status]},
    }

    def appear(path: str, _: Object) -> None:
        if path.endswith("/daemonsets/prober"):
            bench.api.put(f"{PODS}/web-1", pod)

    bench.api.hooks.append(appear)
    observation = bench.observe(Loopback(free_port()))
    with (
        contextlib.closing(observation),
        pytest.raises(Hopeless, match="load the image nowhere/agent onto the nodes"),
    ):
        observation.deploy()


def test_what_an_earlier_pass_left_is_deleted_first(bench: Bench) -> None:
    labels = {"app.kubernetes.io/managed-by": "upgrade-e2e"}
    taken = {"kind": "Namespace", "metadata": {"name": "upgrade-e2e", "labels": labels}}
    bench.api.put("/api/v1/namespaces/upgrade-e2e", taken)
    bench.api.put("/api/v1/namespaces/upgrade-e2e/configmaps/old", {"metadata": {"name": "old"}})
    server = bench.rig.serve()
    observation = bench.observe(Loopback(server.port))
    with contextlib.closing(observation):
        observation.deploy()
    assert "/api/v1/namespaces/upgrade-e2e/configmaps/old" not in bench.api.objects
    assert "/api/v1/namespaces/upgrade-e2e/configmaps/agent" in bench.api.objects


def test_a_namespace_of_someone_else_is_left_alone(bench: Bench) -> None:
    taken = {"kind": "Namespace", "metadata": {"name": "upgrade-e2e"}}
    bench.api.put("/api/v1/namespaces/upgrade-e2e", taken)
    with pytest.raises(BadInput, match="that upgrade-e2e did not make"):
        bench.observe(Loopback(1)).deploy()
    assert "/api/v1/namespaces/upgrade-e2e" in bench.api.objects


def test_the_namespace_goes_with_remove(bench: Bench) -> None:
    labels = {"app.kubernetes.io/managed-by": "upgrade-e2e"}
    taken = {"kind": "Namespace", "metadata": {"name": "upgrade-e2e", "labels": labels}}
    bench.api.put("/api/v1/namespaces/upgrade-e2e", taken)
    observation = bench.observe()
    observation.remove()
    observation.remove()
    assert "/api/v1/namespaces/upgrade-e2e" not in bench.api.objects


OUTSIDE = (
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
)


@pytest.mark.parametrize("folder", OUTSIDE)
def test_what_belongs_to_the_namespace_goes_at_once_and_nothing_else(
    bench: Bench, folder: str
) -> None:
    ours = {"app.kubernetes.io/managed-by": "upgrade-e2e"}
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "upgrade-e2e", "uid": "1"}
    other = {**owner, "name": "theirs"}
    made = {
        "mine": {"labels": ours, "ownerReferences": [owner]},
        "unowned": {"labels": ours},
        "of-another": {"labels": ours, "ownerReferences": [other]},
        "unlabelled": {"ownerReferences": [owner], "labels": {"app": "x"}},
    }
    for name, meta in made.items():
        labels = {"app.kubernetes.io/managed-by": "helm", **meta["labels"]}
        bench.api.put(f"{folder}/{name}", {"metadata": {**meta, "name": name, "labels": labels}})
    observation = bench.observe()
    observation.remove()
    observation.remove()
    left = [path.rpartition("/")[2] for path in bench.api.objects if path.startswith(folder)]
    assert left == ["unowned", "of-another", "unlabelled"]


def test_where_policies_are_not_served_the_namespace_goes_all_the_same(bench: Bench) -> None:
    bench.api.unserved = "validatingadmissionpolic"
    bench.api.put("/api/v1/namespaces/upgrade-e2e", {"kind": "Namespace", "metadata": {}})
    bench.observe().remove()
    assert "/api/v1/namespaces/upgrade-e2e" not in bench.api.objects


def test_two_observers_of_one_name_must_be_equal(bench: Bench) -> None:
    bench.observe(HttpService(), HttpService(), DnsLookups())
    with pytest.raises(BadInput, match="two different observers are named 'web'"):
        bench.observe(HttpService(), HttpService(workload=Workload(replicas=5)))


def test_close_may_come_at_any_time(bench: Bench) -> None:
    observation = bench.observe(PodChurn())
    observation.close()
    observation.close()
    assert not bench.api.requests


def test_close_ends_what_was_started_and_may_come_twice(bench: Bench) -> None:
    before = set(psutil.Process().children())
    observation = bench.observe(Loopback(bench.rig.serve().port))
    observation.deploy()
    observation.close()
    observation.close()
    ours = {agent.process.pid for agent in bench.rig.agents}
    assert {child.pid for child in set(psutil.Process().children()) - before} == ours
    assert not [one for one in threading.enumerate() if one.name.startswith("observers-poll")]


@dataclass(frozen=True)
class Idle:
    """An observer that has nothing to do."""

    label: str = "idle"

    def deploy(self, context: DeployContext) -> Parts:
        """See Observer."""
        del context
        return Parts()


def test_an_observer_without_parts_is_not_in_what_was_seen(bench: Bench) -> None:
    observation = bench.observe(Idle(), Loopback(bench.rig.serve().port))
    with contextlib.closing(observation):
        observation.deploy()
        assert set(observation.finish()) == {"web"}


@dataclass(frozen=True)
class Reader(Stumbler):
    """A task that reads one number."""

    def readings(self, window: Window) -> Readings:
        """See TakesReadings."""
        at_us = np.array([round(window.end_s * 1e6)], np.int64)
        return Readings((Series("hash", "cp", {}, at_us, np.array([7.0])),))


@dataclass(frozen=True)
class Scraping:
    """An observer of the numbers of a server, on control planes, with a task that reads one."""

    port: int
    label: str = "etcd"

    def deploy(self, context: DeployContext) -> Parts:
        """See Observer."""
        del context
        url = f"http://127.0.0.1:{self.port}/"
        settings = {"url": url, "metrics": ["rtt_bucket"], "keep_labels": ["le"]}
        probe = Probe("metrics", "scrape", "on {node_name}", 0.02, 10.0, Connection.NEW, settings)
        return Parts(control_plane_probes=(probe,), background_tasks=(Reader(),))


def run_control_plane_prober(bench: Bench) -> None:
    """Play the kubelet of the control plane `cp` for the DaemonSet of probers there."""

    def hook(path: str, thing: Object) -> None:
        del thing
        if path.endswith("/daemonsets/control-plane-prober"):
            name = "/api/v1/namespaces/upgrade-e2e/configmaps/control-plane-prober-spec"
            spec = json.loads(bench.api.objects[name]["data"]["spec.json"])
            prober = bench.rig.probe(*spec["streams"], run=spec["run"], token=spec["token"])
            bench.api.pod_ports = {"there:19464": prober.port}
            pod = {
                "kind": "Pod",
                "metadata": {"name": "there"},
                "spec": {"nodeName": "cp", "containers": []},
                "status": {"phase": "Running"},
            }
            bench.api.put(f"{PODS}/there", pod)

    bench.api.hooks.append(hook)


def test_what_was_read_on_a_control_plane_comes_back_on_the_timeline(bench: Bench) -> None:
    run_control_plane_prober(bench)
    with misbehaving(send_and_close(answer_bytes(200, PAGE, close=True))) as port:
        observation = bench.observe(Scraping(port))
        with contextlib.closing(observation):
            observation.deploy()
            observation.start()
            link = observation._fleet._links[0]
            before = get_json(link, "/status")["streams"]["etcd.metrics"]["ok"]
            wait_for(
                "ten more fetches",
                lambda: get_json(link, "/status")["streams"]["etcd.metrics"]["ok"],
                lambda count: count >= before + 10,
                SOON,
            )
            samples = observation.finish()["etcd"]
            readings = observation.readings()["etcd"]
    window = observation.watched
    assert [stream.name for stream in samples.streams] == ["metrics@cp"]
    (low,) = readings.of("rtt_bucket", node="cp", le="0.1")
    assert len(low) >= 10
    assert set(low.value) == {13.0}
    assert low.at_us.min() >= window.start_s * 1e6
    assert low.at_us.max() <= window.end_s * 1e6
    assert [one.value.tolist() for one in readings.of("hash")] == [[7.0]]
