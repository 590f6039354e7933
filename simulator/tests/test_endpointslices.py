"""The EndpointSlice controller, in process."""

from __future__ import annotations

from simulator.tests.controlled import in_process, pod
from upgrade_e2e_simulator.controllers.endpointslices import EndpointSliceController
from upgrade_e2e_simulator.store import labels_of

SLICES = "endpointslices.discovery.k8s.io"


async def begin(cluster, pods=("p1", "p2"), **spec):
    await cluster.start(EndpointSliceController(cluster.client))
    for name in pods:
        await cluster.create("pods", pod(name, nodeName="n1"))
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    await cluster.create("services", {"metadata": {"name": "web"}, "spec": spec})
    await cluster.settle()


def conditions(cluster):
    [found] = cluster.all(SLICES)
    return {item["targetRef"]["name"]: item["conditions"] for item in found["endpoints"]}


@in_process
async def test_a_service_has_one_slice_with_its_pods(cluster):
    await begin(cluster)
    [found] = cluster.all(SLICES)
    assert labels_of(found)["kubernetes.io/service-name"] == "web"
    assert {item["name"]: item["port"] for item in found["ports"]} == {"": 8080}
    addresses = {pod["status"]["podIP"] for pod in cluster.all("pods")}
    assert {item["addresses"][0] for item in found["endpoints"]} == addresses
    assert all(held["ready"] for held in conditions(cluster).values())


@in_process
async def test_a_pod_that_is_not_ready_is_no_ready_endpoint(cluster):
    await begin(cluster)
    await cluster.kubelets.report(cluster.get("pods", "p1"), ready=False)
    await cluster.settle()
    shown = conditions(cluster)
    assert shown["p1"] == {"ready": False, "serving": False, "terminating": False}
    assert shown["p2"]["ready"]


@in_process
async def test_a_pod_that_is_going_still_serves_but_is_not_ready(cluster):
    await begin(cluster)
    cluster.kubelets.ends_pods = False
    await cluster.client.delete("pods", cluster.get("pods", "p1"))
    await cluster.settle()
    assert conditions(cluster)["p1"] == {"ready": False, "serving": True, "terminating": True}
    await cluster.client.delete("pods", cluster.get("pods", "p1"), grace_s=0)
    await cluster.settle()
    assert set(conditions(cluster)) == {"p2"}


@in_process
async def test_a_pod_whose_label_changes_leaves(cluster):
    await begin(cluster)
    live = cluster.get("pods", "p1")
    meta = {**live["metadata"], "labels": {"app": "other"}}
    await cluster.client.change("pods", live, lambda old: {**old, "metadata": meta})
    await cluster.settle()
    assert set(conditions(cluster)) == {"p2"}


@in_process
async def test_a_service_without_a_selector_has_no_slice(cluster):
    await begin(cluster, selector=None)
    assert cluster.all(SLICES) == []


@in_process
async def test_a_named_port_is_looked_up_in_the_pods(cluster):
    await cluster.start(EndpointSliceController(cluster.client))
    made = pod("p1", nodeName="n1")
    made["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 8443}]
    await cluster.create("pods", made)
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    await cluster.create("services", {"metadata": {"name": "web"}, "spec": spec})
    await cluster.settle()
    [found] = cluster.all(SLICES)
    assert [item["port"] for item in found["ports"]] == [8443]


@in_process
async def test_the_slice_goes_with_its_service(cluster):
    await begin(cluster)
    await cluster.client.delete("services", cluster.get("services", "web"))
    await cluster.settle()
    assert cluster.all(SLICES) == []
