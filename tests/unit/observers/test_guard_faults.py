"""The faults of guard rails that go through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import DeadlinePassed, FaultNotPlanted
from upgrade_e2e.observers import guard_faults as module
from upgrade_e2e.observers import plant
from upgrade_e2e.observers.objects import LABELS
from upgrade_e2e.observers.own_policy import BINDINGS
from upgrade_e2e.upgrade import Fault

GATEKEEPER = "/apis/apps/v1/namespaces/gatekeeper-system/deployments/gatekeeper-controller-manager"
THEIRS = "/apis/apps/v1/namespaces/kyverno/deployments/admission"


def deployment(name: str, replicas: int) -> dict[str, object]:
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"image": "a:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": pod}
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def api() -> FakeApi:
    made = FakeApi()
    made.put(GATEKEEPER, deployment("gatekeeper-controller-manager", 3))
    made.put(THEIRS, deployment("admission", 1))
    for name, labels in (("upgrade-e2e-guard", LABELS), ("theirs", {"a": "b"})):
        made.put(f"{BINDINGS}/{name}", {"metadata": {"name": name, "labels": labels}})
    return made


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Iterator[Cluster]:
    with fake_cluster(api, tmp_path) as made:
        yield made


def test_only_the_binding_of_our_own_policy_is_deleted(api: FakeApi, cluster: Cluster) -> None:
    plant(Fault.parse("policy-gone@drain"), cluster)
    assert [path for path in api.objects if path.startswith(BINDINGS)] == [f"{BINDINGS}/theirs"]


def test_without_a_policy_of_our_own_nothing_can_go(api: FakeApi, cluster: Cluster) -> None:
    api.drop(f"{BINDINGS}/upgrade-e2e-guard")
    with pytest.raises(FaultNotPlanted, match="select the scenario guard_rails"):
        plant(Fault.parse("policy-gone@drain"), cluster)
    assert {method for method, _ in api.requests} == {"GET"}


@pytest.mark.parametrize(
    ("fault", "path", "other"),
    [
        ("webhook-gone@drain", GATEKEEPER, THEIRS),
        ("webhook-gone=kyverno/admission@drain", THEIRS, GATEKEEPER),
    ],
)
def test_the_webhook_that_is_named_is_scaled_to_nothing(
    api: FakeApi, cluster: Cluster, fault: str, path: str, other: str
) -> None:
    plant(Fault.parse(fault), cluster)
    assert api.objects[path]["spec"]["replicas"] == 0
    assert api.objects[other]["spec"]["replicas"] > 0


def test_a_webhook_without_pods_cannot_lose_them(api: FakeApi, cluster: Cluster) -> None:
    plant(Fault.parse("webhook-gone"), cluster)
    api.requests.clear()
    with pytest.raises(FaultNotPlanted, match="has no replicas already"):
        plant(Fault.parse("webhook-gone"), cluster)
    assert {method for method, _ in api.requests} == {"GET"}


def test_a_webhook_that_is_not_there_is_named(cluster: Cluster) -> None:
    with pytest.raises(FaultNotPlanted, match="no Deployment opa/opa; name that of your webhook"):
        plant(Fault.parse("webhook-gone=opa/opa"), cluster)


def test_planting_waits_until_the_pods_are_gone(
    api: FakeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GONE_S", 0.5)
    stays = {"observedGeneration": 9, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    api.objects[GATEKEEPER]["status"] = stays
    with pytest.raises(DeadlinePassed, match="the pods of gatekeeper-system"):
        plant(Fault.parse("webhook-gone"), cluster)
