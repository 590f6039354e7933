"""Disruption budgets and evictions, in process."""

from __future__ import annotations

import pytest

from simulator.tests.controlled import SPACE, in_process, pod, template
from upgrade_e2e_simulator.api.eviction import evict
from upgrade_e2e_simulator.api.status import StatusError
from upgrade_e2e_simulator.api.times import now
from upgrade_e2e_simulator.controllers.controller import owner_reference
from upgrade_e2e_simulator.controllers.disruption import DisruptionController

BUDGETS = "poddisruptionbudgets.policy"


async def guard(cluster, **spec):
    selector = {"matchLabels": {"app": "web"}}
    body = {"metadata": {"name": "guard"}, "spec": {"selector": selector, **spec}}
    await cluster.create(BUDGETS, body)
    await cluster.settle()


async def begin(cluster, pods=3, **spec):
    await cluster.start(DisruptionController(cluster.client))
    for number in range(pods):
        await cluster.create("pods", pod(f"p{number}", nodeName="n1"))
    await guard(cluster, **spec)


def status(cluster):
    found = cluster.get(BUDGETS, "guard")["status"]
    keys = ("currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed")
    return tuple(found[key] for key in keys)


def ask(cluster, name):
    return evict(cluster.registry, SPACE, name, {"metadata": {"name": name}})


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ({"minAvailable": 2}, (3, 2, 3, 1)),
        ({"minAvailable": 3}, (3, 3, 3, 0)),
        ({"minAvailable": "50%"}, (3, 2, 3, 1)),
        ({"maxUnavailable": 1}, (3, 2, 3, 1)),
        ({"maxUnavailable": 0}, (3, 3, 3, 0)),
    ],
)
@in_process
async def test_a_budget_says_how_many_may_go(cluster, spec, shown):
    await begin(cluster, **spec)
    assert status(cluster) == shown


@in_process
async def test_a_pod_that_is_not_ready_uses_the_budget_up(cluster):
    await begin(cluster, minAvailable=2)
    await cluster.kubelets.report(cluster.get("pods", "p0"), ready=False)
    await cluster.settle()
    assert status(cluster) == (2, 2, 3, 0)


@in_process
async def test_an_eviction_is_granted_once_and_then_refused(cluster):
    await begin(cluster, minAvailable=2)
    cluster.kubelets.ends_pods = False
    assert ask(cluster, "p0")["status"] == "Success"
    with pytest.raises(StatusError) as caught:
        ask(cluster, "p1")
    assert (caught.value.code, caught.value.reason) == (429, "TooManyRequests")
    await cluster.settle()
    with pytest.raises(StatusError):
        ask(cluster, "p1")


@in_process
async def test_an_evicted_pod_says_why_it_goes(cluster):
    await begin(cluster, minAvailable=2)
    cluster.kubelets.ends_pods = False
    ask(cluster, "p0")
    gone = cluster.get("pods", "p0")
    assert "deletionTimestamp" in gone["metadata"]
    reasons = {item["type"]: item.get("reason") for item in gone["status"]["conditions"]}
    assert reasons["DisruptionTarget"] == "EvictionByEvictionAPI"


@in_process
async def test_two_budgets_for_one_pod_are_an_error(cluster):
    await begin(cluster, minAvailable=0)
    selector = {"matchLabels": {"app": "web"}}
    await cluster.create(
        BUDGETS, {"metadata": {"name": "more"}, "spec": {"minAvailable": 0, "selector": selector}}
    )
    await cluster.settle()
    with pytest.raises(StatusError, match="more than one PodDisruptionBudget"):
        ask(cluster, "p0")


@in_process
async def test_a_pod_whose_eviction_was_granted_is_not_healthy_while_it_is_still_there(cluster):
    await begin(cluster, minAvailable=2)
    budget = cluster.get(BUDGETS, "guard")
    granted = {**budget["status"], "disruptedPods": {"p0": now()}}
    await cluster.client.put_status(BUDGETS, budget, granted)
    await cluster.settle()
    assert status(cluster) == (2, 2, 3, 0)


@in_process
async def test_a_controller_counts_by_what_it_asks_for_and_not_by_the_pods_there_are(cluster):
    await cluster.start(DisruptionController(cluster.client))
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": 4, "selector": selector, "template": template()}
    owner = await cluster.create("replicasets.apps", {"metadata": {"name": "web"}, "spec": spec})
    for number in range(2):
        made = pod(f"p{number}", nodeName="n1")
        made["metadata"]["ownerReferences"] = [owner_reference(owner)]
        await cluster.create("pods", made)
    await guard(cluster, maxUnavailable="25%")
    assert status(cluster) == (2, 3, 4, 0)
