"""The fault that drops packets to an admission webhook: which, where, and not for longer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.kind.fakes import ScriptedRunner
from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import CommandFailed, FaultNotPlanted
from upgrade_e2e.providers.kind import webhook_packets as module
from upgrade_e2e.providers.kind.planting import plant
from upgrade_e2e.upgrade import Step

SPACE = "/namespaces/gatekeeper-system"
STEP = Step("plant", 60, params={"fault": "webhook-dropped", "value": "7s"})
DONE = (0, "")
DROPPED = ("--match", "comment", "--comment", "upgrade-e2e", "--jump", "DROP")
IPV4 = ("OUTPUT", "--destination", "10.244.1.7", *DROPPED)
IPV6 = ("OUTPUT", "--destination", "fd00::7", *DROPPED)


@pytest.fixture
def api() -> FakeApi:
    made = FakeApi()
    name = "gatekeeper-controller-manager"
    spec = {"replicas": 1, "selector": {"matchLabels": {"control-plane": "it"}}}
    made.put(
        f"/apis/apps/v1{SPACE}/deployments/{name}",
        {
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "gatekeeper-system"},
            "spec": spec,
        },
    )
    addresses = [{"ip": "10.244.1.7"}, {"ip": "fd00::7"}]
    for pod, status in (("here", {"podIPs": addresses}), ("pending", {})):
        made.put(
            f"/api/v1{SPACE}/pods/{pod}",
            {"kind": "Pod", "metadata": {"name": pod}, "status": status},
        )
    return made


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    waits: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    return waits


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Iterator[Cluster]:
    with fake_cluster(api, tmp_path) as made:
        nodes = tuple(
            Node(name, role, ScriptedRunner(answers=[DONE] * 4))
            for name, role in (
                ("cp", Role.CONTROL_PLANE),
                ("cp2", Role.CONTROL_PLANE),
                ("worker", Role.WORKER),
            )
        )
        yield dataclasses.replace(made, nodes=nodes)


def commands(cluster: Cluster, node: str) -> list[tuple[str, ...]]:
    runner = cluster.node(node).runner
    assert isinstance(runner, ScriptedRunner)
    return runner.seen


def test_packets_of_every_control_plane_are_dropped_for_that_time(
    cluster: Cluster, api: FakeApi, slept: list[float]
) -> None:
    plant(STEP, cluster)
    assert slept == [7.0]
    for node in ("cp", "cp2"):
        assert commands(cluster, node) == [
            ("iptables", "--wait", "--insert", *IPV4),
            ("ip6tables", "--wait", "--insert", *IPV6),
            ("ip6tables", "--wait", "--delete", *IPV6),
            ("iptables", "--wait", "--delete", *IPV4),
        ]
    assert commands(cluster, "worker") == []
    (listed,) = (path for _, path in api.requests if "/pods" in path)
    assert listed.endswith("labelSelector=control-plane%3Dit")


def test_whatever_happens_the_rules_go(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        plant(STEP, cluster)
    assert [argv[2] for argv in commands(cluster, "cp")].count("--delete") == 2


def test_a_rule_that_cannot_be_made_ends_it_without_a_rest(
    cluster: Cluster, slept: list[float]
) -> None:
    runner = cluster.node("cp2").runner
    assert isinstance(runner, ScriptedRunner)
    runner.answers[:] = [(1, "iptables: no such chain"), (1, "iptables: no such rule")]
    with pytest.raises(CommandFailed):
        plant(STEP, cluster)
    assert slept == []
    assert [argv[2] for argv in commands(cluster, "cp")].count("--delete") == 2


def test_a_webhook_without_pods_has_no_packets(cluster: Cluster, api: FakeApi) -> None:
    api.drop(f"/api/v1{SPACE}/pods/here")
    with pytest.raises(FaultNotPlanted, match="has no pod with an address"):
        plant(STEP, cluster)
    assert commands(cluster, "cp") == []


def test_a_deployment_that_is_not_there_has_none_either(cluster: Cluster) -> None:
    step = dataclasses.replace(STEP, params={"fault": "webhook-dropped", "value": "1s:opa/opa"})
    with pytest.raises(FaultNotPlanted, match="webhook-dropped=5s:NAMESPACE/DEPLOYMENT"):
        plant(step, cluster)
