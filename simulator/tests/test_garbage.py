"""The garbage collector and the namespace controller, in process."""

from __future__ import annotations

import pytest

from simulator.tests.controlled import SPACE, in_process, pod
from upgrade_e2e_simulator.api.deletion import DeleteOptions
from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.controllers.garbage import GarbageCollector
from upgrade_e2e_simulator.controllers.namespace import NamespaceController

MAPS = "configmaps"


def config(name, *owners, **meta):
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": one["metadata"]["name"], "uid": uid(one)}
        for one in owners
    ]
    return {"metadata": {"name": name, "ownerReferences": references, **meta}}


def uid(obj):
    return obj["metadata"]["uid"]


def delete(cluster, name, propagation="Background"):
    options = DeleteOptions(propagation=propagation)
    cluster.registry.delete(resource_named(MAPS), SPACE, name, options)


@in_process
async def test_what_an_owner_leaves_behind_goes_too(cluster):
    await cluster.start(GarbageCollector(cluster.client))
    owner = await cluster.create(MAPS, config("owner"))
    child = await cluster.create(MAPS, config("child", owner))
    await cluster.create(MAPS, config("grandchild", child))
    await cluster.create(MAPS, config("stranger"))
    delete(cluster, "owner")
    await cluster.settle()
    assert cluster.names(MAPS) == ["stranger"]


@in_process
async def test_what_has_another_owner_stays(cluster):
    await cluster.start(GarbageCollector(cluster.client))
    owners = [await cluster.create(MAPS, config(name)) for name in ("one", "two")]
    await cluster.create(MAPS, config("child", *owners))
    delete(cluster, "one")
    await cluster.settle()
    assert "child" in cluster.names(MAPS)
    delete(cluster, "two")
    await cluster.settle()
    assert cluster.names(MAPS) == []


@in_process
async def test_an_orphan_stays_and_loses_its_owner(cluster):
    await cluster.start(GarbageCollector(cluster.client))
    owner = await cluster.create(MAPS, config("owner"))
    await cluster.create(MAPS, config("child", owner))
    delete(cluster, "owner", "Orphan")
    await cluster.settle()
    assert cluster.names(MAPS) == ["child"]
    assert cluster.get(MAPS, "child")["metadata"]["ownerReferences"] == []


@in_process
async def test_in_the_foreground_the_owner_waits_for_its_dependents(cluster):
    await cluster.start(GarbageCollector(cluster.client))
    owner = await cluster.create(MAPS, config("owner"))
    await cluster.create(MAPS, config("child", owner, finalizers=["x/y"]))
    delete(cluster, "owner", "Foreground")
    await cluster.settle()
    assert sorted(cluster.names(MAPS)) == ["child", "owner"]
    live = cluster.get(MAPS, "child")
    meta = {**live["metadata"], "finalizers": []}
    await cluster.client.change(MAPS, live, lambda old: {**old, "metadata": meta})
    await cluster.settle()
    assert cluster.names(MAPS) == []


@pytest.mark.parametrize("left", ["child", "nothing"])
@in_process
async def test_what_lost_its_owner_while_nobody_looked_is_found_at_the_start(cluster, left):
    await cluster.start()
    owner = await cluster.create(MAPS, config("owner"))
    if left == "child":
        await cluster.create(MAPS, config("child", owner))
    delete(cluster, "owner")
    await cluster.settle()
    assert cluster.names(MAPS) == (["child"] if left == "child" else [])
    await cluster.run(GarbageCollector(cluster.client))
    assert cluster.names(MAPS) == []


@in_process
async def test_a_namespace_gets_its_account_and_the_authority(cluster):
    await cluster.start(NamespaceController(cluster.client, "the CA"))
    assert cluster.names("serviceaccounts") == ["default"]
    assert cluster.get(MAPS, "kube-root-ca.crt")["data"] == {"ca.crt": "the CA"}
    delete(cluster, "kube-root-ca.crt")
    await cluster.settle()
    assert cluster.names(MAPS) == ["kube-root-ca.crt"]


@in_process
async def test_a_deleted_namespace_is_emptied_and_then_gone(cluster):
    controller = NamespaceController(cluster.client, "the CA")
    await cluster.start(controller)
    await cluster.create("pods", pod("p1", nodeName="n1"))
    await cluster.create(MAPS, config("data"))
    await cluster.settle()
    cluster.kubelets.ends_pods = False
    await cluster.client.delete("namespaces", cluster.get("namespaces", SPACE))
    await cluster.settle()
    assert cluster.get("namespaces", SPACE)["status"]["phase"] == "Terminating"
    await cluster.client.delete("pods", cluster.get("pods", "p1"), grace_s=0)
    assert cluster.all(MAPS) == []
    await controller.reconcile("", SPACE)
    await cluster.settle()
    assert cluster.names("namespaces") == []
