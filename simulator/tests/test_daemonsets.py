"""The DaemonSet controller, in process."""

from __future__ import annotations

from simulator.tests.controlled import in_process, node, put_node, template
from upgrade_e2e_simulator.controllers.daemonset import DaemonSetController
from upgrade_e2e_simulator.store import name_of

NAME = "daemonsets.apps"
TAINT = {"key": "role", "value": "db", "effect": "NoSchedule"}


async def begin(cluster, *nodes, **spec):
    """A DaemonSet on these nodes; `spec` is more of its template's spec."""
    await cluster.start(DaemonSetController(cluster.client, cluster.parameters.kubelet))
    for made in nodes:
        await put_node(cluster, made)
    selector = {"matchLabels": {"app": "web"}}
    body = {"selector": selector, "template": template(**spec)}
    await cluster.create(NAME, {"metadata": {"name": "agent"}, "spec": body})
    await cluster.settle()


@in_process
async def test_each_node_that_fits_gets_one_pod(cluster):
    await begin(cluster, node("a"), node("b"), node("c", taints=[TAINT]))
    assert cluster.nodes_of_pods() == ["a", "b"]
    await put_node(cluster, node("d"))
    await cluster.settle()
    assert cluster.nodes_of_pods() == ["a", "b", "d"]
    status = cluster.get(NAME, "agent")["status"]
    assert status["desiredNumberScheduled"] == status["numberReady"] == 3


@in_process
async def test_a_toleration_and_a_selector_decide(cluster):
    nodes = [node("a", labels={"disk": "ssd"}, taints=[TAINT]), node("b", taints=[TAINT])]
    await begin(cluster, *nodes, tolerations=[{"operator": "Exists"}], nodeSelector={"disk": "ssd"})
    assert cluster.nodes_of_pods() == ["a"]


@in_process
async def test_a_cordoned_node_keeps_its_pod(cluster):
    await begin(cluster, node("a"), node("b"))
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    await cluster.spec("nodes", "a", unschedulable=True, taints=[taint])
    await cluster.settle()
    assert cluster.nodes_of_pods() == ["a", "b"]


@in_process
async def test_a_new_template_goes_from_node_to_node(cluster):
    await begin(cluster, *(node(name) for name in "abcd"))
    seen = []
    cluster.store.subscribe("pods", lambda _: seen.append(len(cluster.ready())))
    await cluster.spec(NAME, "agent", template=template("app:2"))
    await cluster.settle()
    assert cluster.images() == ["app:2"] * 4
    assert min(seen) == 3
    assert cluster.get(NAME, "agent")["status"]["updatedNumberScheduled"] == 4


@in_process
async def test_a_template_that_never_becomes_ready_stops_at_the_first_node(cluster):
    await begin(cluster, *(node(name) for name in "abc"))
    cluster.kubelets.holds_back = lambda pod: "app:2" in str(pod["spec"])
    await cluster.spec(NAME, "agent", template=template("app:2"))
    await cluster.settle()
    assert cluster.images() == ["app:1", "app:1", "app:2"]
    assert len(cluster.ready()) == 2


@in_process
async def test_pods_leave_a_node_that_no_longer_fits(cluster):
    await begin(cluster, node("a", labels={"disk": "ssd"}), nodeSelector={"disk": "ssd"})
    assert cluster.nodes_of_pods() == ["a"]
    live = cluster.get("nodes", "a")
    meta = {**live["metadata"], "labels": {}}
    await cluster.client.change("nodes", live, lambda old: {**old, "metadata": meta})
    await cluster.settle()
    assert [name_of(pod) for pod in cluster.active()] == []
