"""The scheduler, in process."""

from __future__ import annotations

import pytest

from simulator.tests.controlled import in_process, node, pod, put_node
from upgrade_e2e_simulator.api.status import StatusError
from upgrade_e2e_simulator.controllers.scheduler import Scheduler

TAINT = {"key": "role", "value": "db", "effect": "NoSchedule"}
ALIKE = {"matchLabels": {"app": "web"}}
HOST = "kubernetes.io/hostname"
RULE = {"labelSelector": ALIKE, "topologyKey": HOST}
ANTI_AFFINITY = {
    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [RULE]},
}
SPREAD = [{**RULE, "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}]


async def begin(cluster, *nodes):
    await cluster.start(Scheduler(cluster.client, cluster.parameters.controllers))
    for made in nodes:
        await put_node(cluster, made)
    await cluster.settle()


async def place(cluster, *pods):
    for made in pods:
        await cluster.create("pods", made)
        await cluster.settle()
    return cluster.nodes_of_pods()


@in_process
async def test_pods_are_spread_over_the_nodes(cluster):
    await begin(cluster, node("a"), node("b"))
    assert await place(cluster, *(pod(f"p{i}") for i in range(4))) == ["a", "a", "b", "b"]


@in_process
async def test_pods_to_be_spread_go_where_their_like_are_fewest(cluster):
    await begin(cluster, node("a"), node("b"))
    crowd = [pod(f"other{i}", app="other", nodeName="b") for i in range(3)]
    alike = [pod(f"p{i}", topologySpreadConstraints=SPREAD) for i in range(2)]
    assert await place(cluster, *crowd, *alike) == ["a", "b", "b", "b", "b"]


@in_process
async def test_cordoned_and_tainted_nodes_get_nothing(cluster):
    await begin(cluster, node("a", unschedulable=True), node("b", taints=[TAINT]), node("c"))
    assert await place(cluster, pod("p1"), pod("p2")) == ["c", "c"]
    tolerant = pod("p3", tolerations=[{"key": "role", "operator": "Exists"}])
    assert await place(cluster, tolerant) == ["b", "c", "c"]


@in_process
async def test_a_required_anti_affinity_keeps_pods_apart(cluster):
    await begin(cluster, node("a"), node("b"))
    apart = [pod(f"p{i}", affinity=ANTI_AFFINITY) for i in range(3)]
    assert await place(cluster, *apart) == ["", "a", "b"]


@in_process
async def test_a_full_node_takes_no_more(cluster):
    await begin(cluster, node("a", capacity=1))
    assert await place(cluster, pod("p1"), pod("p2")) == ["", "a"]


@in_process
async def test_a_pod_that_fits_nowhere_says_so_and_is_placed_once_it_does(cluster):
    await begin(cluster, node("a", taints=[TAINT]))
    assert await place(cluster, pod("p1")) == [""]
    [said] = cluster.get("pods", "p1")["status"]["conditions"]
    assert (said["type"], said["status"], said["reason"]) == (
        "PodScheduled",
        "False",
        "Unschedulable",
    )
    await put_node(cluster, node("b"))
    await cluster.settle()
    assert cluster.nodes_of_pods() == ["b"]


@in_process
async def test_the_place_of_a_pod_that_went_is_given_to_one_that_waits(cluster):
    await begin(cluster, node("a", capacity=1))
    await place(cluster, pod("p1"), pod("p2"))
    await cluster.client.delete("pods", cluster.get("pods", "p1"))
    await cluster.settle()
    assert cluster.names("pods") == ["p2"]
    assert cluster.nodes_of_pods() == ["a"]


@in_process
async def test_another_schedulers_pods_are_left_alone(cluster):
    await begin(cluster, node("a"))
    assert await place(cluster, pod("p1", schedulerName="mine")) == [""]


@in_process
async def test_a_pod_is_bound_once(cluster):
    await begin(cluster, node("a"))
    await place(cluster, pod("p1"))
    with pytest.raises(StatusError, match="already assigned"):
        await cluster.client.bind(cluster.get("pods", "p1"), "a")
