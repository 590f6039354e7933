"""The Deployment and ReplicaSet controllers, in process."""

from __future__ import annotations

import pytest

from simulator.tests.controlled import in_process, template
from upgrade_e2e_simulator.controllers.deployment import DeploymentController
from upgrade_e2e_simulator.controllers.replicaset import ReplicaSetController
from upgrade_e2e_simulator.controllers.scheduler import Scheduler

NAME = "deployments.apps"


def deployment(replicas=4, strategy=None, image="app:1", **spec):
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": replicas, "selector": selector, "template": template(image), **spec}
    if strategy is not None:
        spec["strategy"] = strategy
    return {"metadata": {"name": "web"}, "spec": spec}


def rolling(surge, unavailable):
    bounds = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"type": "RollingUpdate", "rollingUpdate": bounds}


async def begin(cluster, made):
    """A Deployment whose pods all run, without nodes to choose from: pods name theirs."""
    made["spec"]["template"]["spec"]["nodeName"] = "n1"
    await cluster.start(
        DeploymentController(cluster.client),
        ReplicaSetController(cluster.client, cluster.parameters.kubelet),
        Scheduler(cluster.client, cluster.parameters.controllers),
    )
    await cluster.create(NAME, made)
    await cluster.settle()


async def change_image(cluster, image):
    await cluster.spec(NAME, "web", template=template(image, nodeName="n1"))


@in_process
async def test_a_deployment_gets_its_pods_and_says_so(cluster):
    await begin(cluster, deployment(3))
    assert len(cluster.ready()) == 3
    status = cluster.get(NAME, "web")["status"]
    counts = {key: status[key] for key in ("replicas", "updatedReplicas", "availableReplicas")}
    assert set(counts.values()) == {3}
    assert status["observedGeneration"] == cluster.get(NAME, "web")["metadata"]["generation"]
    held = {item["type"]: item["status"] for item in status["conditions"]}
    assert held == {"Available": "True", "Progressing": "True"}


@in_process
async def test_a_pod_that_is_gone_is_replaced(cluster):
    await begin(cluster, deployment(2))
    lost = cluster.active()[0]
    await cluster.client.delete("pods", lost)
    await cluster.settle()
    assert len(cluster.ready()) == 2
    assert lost["metadata"]["uid"] not in {pod["metadata"]["uid"] for pod in cluster.all("pods")}


@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), (0, 1), (2, 1), ("25%", "25%")])
@in_process
async def test_a_rollout_stays_within_its_bounds_at_every_moment(cluster, surge, unavailable):
    await begin(cluster, deployment(4, rolling(surge, unavailable)))
    most = {"25%": 1}.get(surge, surge)
    least = {"25%": 1}.get(unavailable, unavailable)
    seen = []
    cluster.store.subscribe(
        "pods", lambda _: seen.append((len(cluster.active()), len(cluster.ready())))
    )
    await change_image(cluster, "app:2")
    await cluster.settle()
    assert cluster.images() == ["app:2"] * 4
    assert len(seen) > 8
    assert max(active for active, _ in seen) <= 4 + most
    assert min(ready for _, ready in seen) >= 4 - least


@in_process
async def test_a_template_that_never_becomes_ready_leaves_the_old_pods(cluster):
    await begin(cluster, deployment(4, rolling(1, 1)))
    cluster.kubelets.holds_back = lambda pod: "app:2" in str(pod["spec"])
    await change_image(cluster, "app:2")
    await cluster.settle()
    assert len(cluster.ready()) == 3
    assert cluster.images() == ["app:1"] * 3 + ["app:2"] * 2


@in_process
async def test_recreate_ends_all_old_pods_before_a_new_one_starts(cluster):
    await begin(cluster, deployment(3, {"type": "Recreate"}))
    mixed = []
    cluster.store.subscribe("pods", lambda _: mixed.append(len(set(cluster.images()))))
    await change_image(cluster, "app:2")
    await cluster.settle()
    assert cluster.images() == ["app:2"] * 3
    assert max(mixed) == 1


@in_process
async def test_a_paused_deployment_does_not_roll(cluster):
    await begin(cluster, deployment(2))
    await cluster.spec(NAME, "web", paused=True)
    await change_image(cluster, "app:2")
    await cluster.settle()
    assert cluster.images() == ["app:1"] * 2
    await cluster.spec(NAME, "web", paused=False)
    await cluster.settle()
    assert cluster.images() == ["app:2"] * 2


@in_process
async def test_scaling_down_takes_pods_that_are_not_ready_first(cluster):
    await begin(cluster, deployment(3))
    held = cluster.active()[1]
    await cluster.kubelets.report(held, ready=False)
    await cluster.settle()
    await cluster.spec(NAME, "web", replicas=2)
    await cluster.settle()
    assert len(cluster.ready()) == 2
    assert held["metadata"]["name"] not in cluster.names("pods")


@in_process
async def test_going_back_to_an_old_template_uses_its_replica_set_again(cluster):
    await begin(cluster, deployment(2))
    await change_image(cluster, "app:2")
    await cluster.settle()
    sets = cluster.names("replicasets.apps")
    assert len(sets) == 2
    await change_image(cluster, "app:1")
    await cluster.settle()
    assert cluster.names("replicasets.apps") == sets
    assert cluster.images() == ["app:1"] * 2
