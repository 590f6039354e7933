"""Every node is given news, and asked whether it has heard."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from upgrade_e2e import wait
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed
from upgrade_e2e.providers.kind import watches
from upgrade_e2e.providers.kind.watches import Deaf, pods_to_annotate, wait_until_heard
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks, Step

NEVER = 10**9


def pod(name, node="worker", owner="DaemonSet", phase="Running", **meta):
    """A pod of the API."""
    owners = [{"kind": owner, "name": name}] if owner else []
    return {
        "metadata": {"name": name, "namespace": "kube-system", "ownerReferences": owners, **meta},
        "spec": {"nodeName": node},
        "status": {"phase": phase},
    }


@dataclass
class FakeNodes:
    """An API server and its nodes: who has heard after how many looks."""

    kubelets: dict[str, int]
    proxies: dict[str, int | None]
    restarted: bool = False
    word: str = ""
    services: set[str] = field(default_factory=set)
    looks: dict[str, int] = field(default_factory=dict)

    def looked(self, what):
        self.looks[what] = self.looks.get(what, 0) + 1
        return self.looks[what]

    # What the API client of a cluster is asked.
    def get_json(self, path, **_):
        if path == "/api/v1/pods":
            return {"items": [pod(f"proxy-{name}", name) for name in self.kubelets]}
        name = path.split("/")[4]
        heard = self.word and self.looked(f"kubelet {name}") > self.kubelets[name]
        notes = {watches.ANNOTATION: self.word if heard else "old"}
        return {"items": [pod("x", name, annotations=notes)]}

    def request(self, method, path, body=None, **_):
        if method == "DELETE":
            self.services.discard(path.rpartition("/")[2])
        else:
            self.word = body["metadata"]["annotations"][watches.ANNOTATION]
        return b"{}"

    def apply(self, manifest):
        self.services.add(manifest["metadata"]["name"])
        return manifest

    def count(self, name):
        """What the proxy of a node has counted."""
        after = self.proxies[name]
        if after is None:
            return None
        heard = bool(self.services) and self.looked(f"proxy {name}") > after
        if heard and self.restarted:
            return 3
        return 18 if heard else 17


@dataclass
class FakeRunner:
    """Runs curl on a node."""

    nodes: FakeNodes
    name: str

    def run(self, *argv, **_):
        assert argv[0] == "curl"
        count = self.nodes.count(self.name)
        if count is None:
            return Completed(argv, 7, "", "refused", 0.0)
        text = f"# HELP x\nkubeproxy_sync_proxy_rules_service_changes_total {count}\nother 5\n"
        return Completed(argv, 0, text, "", 0.0)


@pytest.fixture
def heard(monkeypatch, tmp_path):
    """Wait for these nodes, on a clock of its own."""

    def run(nodes, within_s=90.0):
        times = itertools.count(0.0, 0.5)
        clock = SimpleNamespace(now=lambda: next(times), sleep=lambda _: None)
        monkeypatch.setattr(wait, "Clock", lambda: clock)
        made = tuple(Node(name, Role.WORKER, FakeRunner(nodes, name)) for name in nodes.kubelets)
        cluster = Cluster("dev", tmp_path / "kubeconfig", made)
        vars(cluster)["api"] = nodes
        return wait_until_heard(cluster, within_s)

    return run


def test_it_waits_for_the_last_kubelet_and_the_last_proxy(heard):
    nodes = FakeNodes({"a": 0, "b": 20}, {"a": 9, "b": 0})
    assert heard(nodes).none
    assert nodes.looks["kubelet b"] == 21
    assert nodes.looks["proxy a"] >= 10


def test_who_stays_deaf_is_named_and_holds_nothing_up(heard):
    nodes = FakeNodes({"a": 0, "b": NEVER}, {"a": NEVER, "b": 0})
    assert heard(nodes, 10.0) == Deaf(("b",), ("a",))
    assert str(Deaf(("b",), ("a",))) == "the kubelet of b, the kube-proxy of a"


def test_a_proxy_that_shows_no_metrics_is_not_asked(heard):
    assert heard(FakeNodes({"a": 0}, {"a": None})).none


def test_a_proxy_that_was_started_again_has_heard(heard):
    assert heard(FakeNodes({"a": 0}, {"a": 2}, restarted=True)).none


@pytest.mark.parametrize("ears", [0, NEVER])
def test_nothing_of_it_is_left(heard, ears):
    nodes = FakeNodes({"a": ears}, {"a": 0})
    heard(nodes, 5.0)
    assert nodes.services == set()


def test_one_pod_of_a_daemon_set_is_annotated_on_each_node():
    ours = {"app.kubernetes.io/managed-by": "upgrade-e2e"}
    shown = [
        pod("proxy-a", "a"),
        pod("agent-a", "a", labels=ours),
        pod("gone-b", "b", deletionTimestamp="2026-01-01T00:00:00Z"),
        pod("starting-b", "b", phase="Pending"),
        pod("web-b", "b", owner="ReplicaSet"),
        pod("bare-b", "b", owner=""),
        pod("proxy-b", "b"),
        pod("pending", ""),
    ]
    assert pods_to_annotate(shown) == {
        "a": "/api/v1/namespaces/kube-system/pods/agent-a",
        "b": "/api/v1/namespaces/kube-system/pods/proxy-b",
    }


def test_the_step_names_who_was_deaf_and_goes_on(heard, monkeypatch):
    said = []
    marks = Marks(Origin(), say=said.append)
    step = Step("wait-for-watches", 240.0, node="worker")
    for deaf in (Deaf(), Deaf(("b",), ())):
        monkeypatch.setattr(watches, "wait_until_heard", lambda *_, deaf=deaf: deaf)
        watches.wait_for_watches(step, None, marks)
    assert said == [
        "wait-for-watches worker: the kubelet of b had not heard from the API server yet."
    ]
