"""The node lifecycle controller, in process; its grace is a moment."""

from __future__ import annotations

import asyncio

import pytest

from simulator.tests.controlled import in_process, node, pod, put_node
from upgrade_e2e_simulator.controllers.nodelifecycle import NodeLifecycleController
from upgrade_e2e_simulator.store import name_of

LEASES = "leases.coordination.k8s.io"
LONG_AGO, LATER = "2020-01-01T00:00:00.000000Z", "2120-01-01T00:00:00.000000Z"
FOR_EVER = [{"operator": "Exists"}]


async def begin(cluster, renewed, **spec):
    """A node `a` whose lease was renewed then, and a controller whose grace is over."""
    cluster.parameters.controllers.node_grace_s = 0.001
    await cluster.start()
    await cluster.create("namespaces", {"metadata": {"name": "kube-node-lease"}})
    await put_node(cluster, node("a", **spec))
    meta = {"name": "a", "namespace": "kube-node-lease"}
    await cluster.create(LEASES, {"metadata": meta, "spec": {"renewTime": renewed}})


async def look(cluster):
    """Let the controller look, now that its grace is over."""
    controller = NodeLifecycleController(cluster.client, cluster.parameters)
    await cluster.run(controller)
    await asyncio.sleep(0.01)
    await cluster.settle()


def ready(cluster):
    conditions = cluster.get("nodes", "a")["status"]["conditions"]
    return {item["type"]: item["status"] for item in conditions}["Ready"]


def taints(cluster):
    return {
        (taint["key"].rpartition("/")[2], taint["effect"])
        for taint in cluster.get("nodes", "a")["spec"].get("taints") or ()
    }


@in_process
async def test_a_node_that_fell_silent_is_unknown_and_tainted(cluster):
    await begin(cluster, LONG_AGO)
    await look(cluster)
    assert ready(cluster) == "Unknown"
    assert taints(cluster) == {("unreachable", "NoSchedule"), ("unreachable", "NoExecute")}


@in_process
async def test_a_node_that_is_heard_of_stays_as_it_is(cluster):
    await begin(cluster, LATER)
    await look(cluster)
    assert ready(cluster) == "True"
    assert taints(cluster) == set()


@in_process
async def test_a_cordoned_node_has_a_taint_as_long_as_it_is(cluster):
    foreign = {"key": "mine", "effect": "NoSchedule"}
    await begin(cluster, LATER, unschedulable=True, taints=[foreign])
    await look(cluster)
    assert taints(cluster) == {("mine", "NoSchedule"), ("unschedulable", "NoSchedule")}
    await cluster.spec("nodes", "a", unschedulable=None)
    await cluster.settle()
    assert taints(cluster) == {("mine", "NoSchedule")}


@in_process
async def test_a_node_whose_kubelet_says_so_is_not_ready(cluster):
    await begin(cluster, LATER)
    live = cluster.get("nodes", "a")
    conditions = [{**item, "status": "False"} for item in live["status"]["conditions"]]
    await cluster.client.put_status("nodes", live, {**live["status"], "conditions": conditions})
    await look(cluster)
    assert taints(cluster) == {("not-ready", "NoSchedule"), ("not-ready", "NoExecute")}


@pytest.mark.parametrize(
    ("tolerations", "stays"),
    [
        (FOR_EVER, True),
        ([*FOR_EVER, {"operator": "Exists", "tolerationSeconds": 0}], True),
        ([{"operator": "Exists", "tolerationSeconds": 3000}], True),
        ([{"operator": "Exists", "tolerationSeconds": 0}], False),
    ],
)
@in_process
async def test_pods_of_a_silent_node_stay_as_long_as_they_tolerate_it(cluster, tolerations, stays):
    await begin(cluster, LONG_AGO)
    cluster.kubelets.ends_pods = False
    await cluster.create("pods", pod("here", nodeName="a", tolerations=tolerations))
    await cluster.create("pods", pod("there", nodeName="b", tolerations=tolerations))
    await look(cluster)
    await cluster.age_taints("a")
    await cluster.settle()
    active = {name_of(found) for found in cluster.active()}
    assert ("here" in active) is stays
    assert "there" in active
