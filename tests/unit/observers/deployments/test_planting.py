"""Starving the credential provider and taking the webhook down, through the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.observers.fake_api import FakeApi
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import BadInput, DeadlinePassed, FaultNotPlanted
from upgrade_e2e.observers import DeployContext, Deployments, Images, plant
from upgrade_e2e.observers.deployments import planting as module
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.upgrade.fault_values import failure_policy

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
HOOK = f"{ADMISSION}/mutatingwebhookconfigurations/upgrade-e2e-deployments"
DEPLOYMENTS = "/apis/apps/v1/namespaces/upgrade-e2e/deployments"
PROVIDER, WEBHOOK = f"{DEPLOYMENTS}/deployments-credentials", f"{DEPLOYMENTS}/deployments-webhook"
FAULTS = ("provider-starved", "webhook-down=fail", "webhook-down=ignore")


@pytest.fixture
def deployed(cluster: Cluster, tmp_path: Path) -> Cluster:
    """A cluster in which the observer has deployed what it needs."""
    Deployments().deploy(DeployContext(cluster, Images(), tmp_path, Origin()))
    return cluster


def test_a_starved_provider_has_next_to_no_cpu_and_is_replaced_at_once(
    api: FakeApi, deployed: Cluster
) -> None:
    plant(Fault.parse("provider-starved@drain"), deployed)
    spec = api.objects[PROVIDER]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert container["name"] == "credentials"
    assert container["resources"]["limits"]["cpu"] == "10m"
    assert spec["strategy"]["type"] == "Recreate"
    assert api.objects[WEBHOOK]["spec"]["replicas"] == 2


@pytest.mark.parametrize(("value", "policy"), [("fail", "Fail"), ("ignore", "Ignore")])
def test_a_webhook_that_is_down_has_no_pods_and_that_policy(
    api: FakeApi, deployed: Cluster, value: str, policy: str
) -> None:
    plant(Fault.parse(f"webhook-down={value}"), deployed)
    (hook,) = api.objects[HOOK]["webhooks"]
    assert hook["failurePolicy"] == policy
    assert api.objects[WEBHOOK]["spec"]["replicas"] == 0
    assert api.objects[PROVIDER]["spec"]["replicas"] == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_without_the_observer_there_is_nothing_to_act_on(cluster: Cluster, fault: str) -> None:
    with pytest.raises(FaultNotPlanted, match="select one that has"):
        plant(Fault.parse(fault), cluster)


def test_planting_waits_until_the_starved_pods_are_there(
    api: FakeApi, deployed: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.ready = False
    monkeypatch.setattr(module, "_EFFECT_S", 0.3)
    with pytest.raises(DeadlinePassed, match="starved credential provider"):
        plant(Fault.parse("provider-starved"), deployed)


def test_planting_waits_until_no_pod_of_the_webhook_answers_any_more(
    api: FakeApi, deployed: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = api.objects[WEBHOOK]["spec"]["selector"]["matchLabels"]
    meta = {"name": "ending", "labels": labels, "deletionTimestamp": "2026-01-01T00:00:00Z"}
    api.put("/api/v1/namespaces/upgrade-e2e/pods/ending", {"metadata": meta})
    monkeypatch.setattr(module, "_EFFECT_S", 0.3)
    with pytest.raises(DeadlinePassed, match="end of the webhook's pods"):
        plant(Fault.parse("webhook-down=fail"), deployed)


def test_a_policy_is_fail_or_ignore() -> None:
    for wrong in ("", "Fail", "open", "fail,ignore"):
        with pytest.raises(BadInput, match="fail, ignore"):
            failure_policy(wrong)
