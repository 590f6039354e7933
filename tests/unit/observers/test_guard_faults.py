"""The faults of guard rails that go through the API."""

from __future__ import annotations

import pytest

from tests.unit.observers.fake_api import FakeApi
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import DeadlinePassed, FaultNotPlanted
from upgrade_e2e.observers import guard_faults as module
from upgrade_e2e.observers import plant, put_back
from upgrade_e2e.observers.objects import LABELS
from upgrade_e2e.observers.own_policy import BINDINGS
from upgrade_e2e.upgrade import Fault

GATEKEEPER = "/apis/apps/v1/namespaces/gatekeeper-system/deployments/gatekeeper-controller-manager"
THEIRS = "/apis/apps/v1/namespaces/kyverno/deployments/admission"


def deployment(namespace: str, name: str, replicas: int) -> dict[str, object]:
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"image": "a:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": pod}
    return {"kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


@pytest.fixture
def api() -> FakeApi:
    made = FakeApi()
    made.put(GATEKEEPER, deployment("gatekeeper-system", "gatekeeper-controller-manager", 3))
    made.put(THEIRS, deployment("kyverno", "admission", 1))
    for name, labels in (("upgrade-e2e-guard", LABELS), ("theirs", {"a": "b"})):
        made.put(f"{BINDINGS}/{name}", {"metadata": {"name": name, "labels": labels}})
    return made


def test_only_the_binding_of_our_own_policy_is_deleted(api: FakeApi, cluster: Cluster) -> None:
    plant(Fault.parse("policy-gone@drain"), cluster)
    assert [path for path in api.objects if path.startswith(BINDINGS)] == [f"{BINDINGS}/theirs"]


def test_planting_waits_until_the_policy_is_open(api: FakeApi, cluster: Cluster) -> None:
    """The API server goes on to refuse for a moment after the binding is gone."""
    answers = [(403, "forbidden"), (503, "away"), (201, "")]
    created = []

    def slowly(path: str, thing: dict[str, object]) -> tuple[int, str]:
        created.append((path, thing["data"]))
        return answers.pop(0)

    api.policy = slowly
    plant(Fault.parse("policy-gone@drain"), cluster)
    assert created == [("/api/v1/namespaces/upgrade-e2e/configmaps", {"admit": "no"})] * 3


def test_a_policy_that_does_not_open_is_not_planted(
    api: FakeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GONE_S", 0.3)
    api.policy = lambda path, thing: (403, "forbidden")
    with pytest.raises(DeadlinePassed, match="the admission of what our policies forbid"):
        plant(Fault.parse("policy-gone@drain"), cluster)


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
    pods = "/api/v1/namespaces/gatekeeper-system/pods"
    api.put(f"{pods}/ending", {"kind": "Pod", "metadata": {"name": "ending"}})
    with pytest.raises(DeadlinePassed, match=r"the pods of gatekeeper-system.*'ending'"):
        plant(Fault.parse("webhook-gone"), cluster)
    assert api.objects[GATEKEEPER]["spec"]["replicas"] == 0


def test_a_webhook_of_the_users_gets_its_pods_back(api: FakeApi, cluster: Cluster) -> None:
    gone = [Fault.parse("webhook-gone@drain"), Fault.parse("policy-gone@drain")]
    plant(gone[0], cluster)
    put_back(gone, cluster)
    assert api.objects[GATEKEEPER]["spec"]["replicas"] == 3
    assert not api.objects[GATEKEEPER]["metadata"].get("annotations")


def test_one_that_lost_none_stays_as_it_is(api: FakeApi, cluster: Cluster) -> None:
    put_back([Fault.parse("webhook-gone"), Fault.parse("webhook-gone=opa/opa")], cluster)
    assert {method for method, _ in api.requests} == {"GET"}
