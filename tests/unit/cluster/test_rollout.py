"""When a workload has been rolled."""

from __future__ import annotations

import pytest

from tests.unit.cluster.objects import NEW, OLD, PROXY, daemon_set, deployment
from upgrade_e2e.cluster.rollout import ADDONS, Rollout, addon_rollouts, are_at


@pytest.mark.parametrize(
    ("shown", "done"),
    [
        (deployment(), True),
        (deployment(image=OLD), False),
        (deployment(updatedReplicas=1), False),
        (deployment(availableReplicas=1), False),
        (deployment(replicas=2, availableReplicas=3), False),
        (deployment(observedGeneration=3), False),
    ],
)
def test_a_rollout_is_done_when_only_ready_new_replicas_are_there(shown, done):
    assert Rollout.of_deployment(shown).is_done(NEW) is done


def test_an_old_replica_that_is_still_there_is_waited_for():
    surplus = deployment()
    surplus["status"]["replicas"] = 3
    assert not Rollout.of_deployment(surplus).is_done(NEW)


def test_a_workload_at_its_old_image_is_whole_and_not_done():
    seen = Rollout.of_deployment(deployment(image=OLD))
    assert seen.is_whole
    assert not seen.is_done(NEW)


@pytest.mark.parametrize(
    ("shown", "whole"),
    [
        (daemon_set(), True),
        (daemon_set(updatedNumberScheduled=1), False),
        (daemon_set(numberReady=1), False),
        (daemon_set(currentNumberScheduled=1), False),
        (daemon_set(observedGeneration=0), False),
    ],
)
def test_a_daemon_set_is_whole_with_a_ready_new_pod_on_each_node(shown, whole):
    assert Rollout.of_daemon_set(shown).is_whole is whole


@pytest.mark.parametrize("make", [Rollout.of_deployment, Rollout.of_daemon_set])
def test_a_workload_that_no_controller_has_seen_is_not_whole(make):
    fresh = {**deployment(), "status": {}}
    assert not make(fresh).is_whole


def test_both_addons_must_be_at_their_images(api, cluster):
    api.answers[ADDONS["coredns"]] = deployment()
    api.answers[ADDONS["kube-proxy"]] = daemon_set()
    seen = addon_rollouts(cluster)
    assert are_at(seen, {"coredns": NEW, "kube-proxy": PROXY})
    assert not are_at(seen, {"coredns": OLD, "kube-proxy": PROXY})
