"""Which pods are stuck and why, and which workloads lack replicas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.client.exceptions import ApiException

from tests.unit.cluster import objects
from tests.unit.cluster.objects import NOW, stamp
from tests.unit.kind.fakes import pod
from upgrade_e2e.cluster.pods import (
    STUCK_AFTER_S,
    is_ready,
    missing_workloads,
    short_of_replicas,
    stuck_pods,
)
from upgrade_e2e.errors import DeadlinePassed


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (objects.unschedulable(), "Pending, not ready: PodScheduled Unschedulable"),
        (objects.image_missing(), "Pending, not ready: ImagePullBackOff"),
        (objects.crashing(), "Running, not ready: CrashLoopBackOff"),
        (
            objects.unready(),
            "Running, not ready: Ready ContainersNotReady, ContainersReady ContainersNotReady",
        ),
        (objects.on_lost_node(), "Running, not ready: Ready NodeNotReady"),
        (objects.evicted(), "Failed: Evicted"),
        (objects.failed(), "Failed: Error"),
        (objects.terminating(90), "still terminating 1 min 30 s late"),
        (objects.coming(61), "Pending, not ready: ContainerCreating"),
        (objects.pod_of("Unknown"), "Unknown, not ready: no reason given"),
    ],
)
def test_a_stuck_pod_is_named_with_its_reason(shown, reason):
    assert stuck_pods([shown], NOW) == (f"shop/web: {reason}",)


@pytest.mark.parametrize(
    "shown",
    [
        objects.running(),
        objects.completed(),
        objects.coming(59),
        objects.terminating(59),
        objects.terminating(-30),
    ],
)
def test_a_pod_that_is_ready_or_done_or_on_its_way_is_not_stuck(shown):
    assert stuck_pods([shown], NOW) == ()


def test_a_finalizer_that_keeps_a_pod_is_named():
    held = objects.terminating(90)
    held["metadata"]["finalizers"] = ["hold.test/never"]
    said = "shop/web: still terminating 1 min 30 s late, finalizer hold.test/never"
    assert stuck_pods([held], NOW) == (said,)


def test_a_faster_cluster_gives_its_pods_less_time():
    for shown in (objects.coming(30), objects.terminating(30)):
        assert stuck_pods([shown], NOW) == ()
        assert len(stuck_pods([shown], NOW, after_s=10)) == 1


def test_one_container_that_is_not_ready_makes_the_pod_unready():
    both = objects.running()
    assert is_ready(both)
    both["status"]["containerStatuses"].append(objects.container(False, running=objects.RUNNING))
    assert not is_ready(both)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (pod("a", phase="Pending", ready=False, created=stamp(61)), "Pending, not ready"),
        (pod("a", ready=False, created=stamp(61)), "Running, not ready"),
        (pod("a", phase="Failed", ready=False, created=stamp(1)), "Failed: ContainerCreating"),
        (pod("a", phase="Pending", ready=False, created=stamp(59)), None),
        (pod("a", created=stamp(999)), None),
        (pod("a", phase="Succeeded", ready=False, created=stamp(999)), None),
    ],
)
def test_stuck_means_neither_running_nor_done_nor_young(made, said):
    found = stuck_pods([made], NOW)
    if said is None:
        assert found == ()
    else:
        assert [said in sentence for sentence in found] == [True]


@given(st.floats(-600, 600))
def test_a_pod_that_does_not_go_is_stuck_a_minute_after_it_should_have_gone(late_s):
    gone = pod("a", ready=False)
    gone["metadata"]["deletionTimestamp"] = stamp(late_s)
    assert bool(stuck_pods([gone], NOW)) == (late_s > STUCK_AFTER_S)


def workload(name, **parts):
    return {"metadata": {"name": name, "namespace": "shop"}, **parts}


@pytest.mark.parametrize(
    ("plural", "shown", "sentence"),
    [
        (
            "deployments",
            {"spec": {"replicas": 3}, "status": {"availableReplicas": 2, "readyReplicas": 3}},
            "deployment shop/db has 2 of 3 replicas",
        ),
        (
            "statefulsets",
            {"spec": {"replicas": 3}, "status": {"readyReplicas": 1}},
            "statefulset shop/db has 1 of 3 replicas",
        ),
        (
            "daemonsets",
            {"spec": {}, "status": {"desiredNumberScheduled": 2, "numberReady": 0}},
            "daemonset shop/db has 0 of 2 replicas",
        ),
        ("deployments", {"spec": {"replicas": 1}}, "deployment shop/db has 0 of 1 replicas"),
        ("deployments", {"spec": {"replicas": 0}, "status": {}}, None),
        ("statefulsets", {"spec": {"replicas": 1}, "status": {"readyReplicas": 1}}, None),
        ("daemonsets", {"spec": {}, "status": {}}, None),
    ],
)
def test_a_workload_that_lacks_replicas_is_a_sentence(plural, shown, sentence):
    found = list(short_of_replicas(plural, [workload("db", **shown)]))
    assert found == ([] if sentence is None else [sentence])


SHORT = workload("db", spec={"replicas": 3}, status={})


def test_all_kinds_of_workloads_are_read(api, cluster):
    for plural in ("deployments", "statefulsets"):
        api.answers[f"/apis/apps/v1/{plural}"] = {"items": [SHORT]}
    api.answers["/apis/apps/v1/daemonsets"] = {"items": []}
    assert missing_workloads(cluster) == (
        "deployment shop/db has 0 of 3 replicas",
        "statefulset shop/db has 0 of 3 replicas",
    )


def test_a_cluster_without_a_kind_of_workload_lacks_none_of_it(api, cluster):
    api.answers["/apis/apps/v1/deployments"] = {"items": [SHORT]}
    api.answers["/apis/apps/v1/daemonsets"] = {"items": []}
    assert missing_workloads(cluster) == ("deployment shop/db has 0 of 3 replicas",)


REFUSED = 'Internal error occurred: failed calling webhook "pods.guard.test": no answer'


def test_a_deployment_says_why_it_cannot_create_its_pods(api, cluster):
    failing = {"type": "ReplicaFailure", "status": "True", "message": REFUSED}
    short = workload("db", spec={"replicas": 2}, status={"conditions": [failing]})
    api.answers["/apis/apps/v1/deployments"] = {"items": [short]}
    assert missing_workloads(cluster) == (f"deployment shop/db has 0 of 2 replicas: {REFUSED}",)


def test_of_other_workloads_the_latest_event_says_it(api, cluster):
    def event(kind, minute, message):
        about = {"kind": kind, "name": "db"}
        stamp = f"2026-01-01T12:0{minute}:00Z"
        return {"involvedObject": about, "lastTimestamp": stamp, "message": message}

    api.answers["/apis/apps/v1/statefulsets"] = {"items": [SHORT]}
    selector = "involvedObject.name%3Ddb%2Ctype%3DWarning%2Creason%3DFailedCreate"
    api.answers[f"/api/v1/namespaces/shop/events?fieldSelector={selector}"] = {
        "items": [
            event("StatefulSet", 2, f"create Pod db-0 failed:\n{REFUSED}"),
            event("StatefulSet", 1, "an older one"),
            event("DaemonSet", 3, "of another kind"),
        ]
    }
    assert missing_workloads(cluster) == (
        f"statefulset shop/db has 0 of 3 replicas: create Pod db-0 failed: {REFUSED}",
    )


@pytest.mark.parametrize(
    ("status", "error"), [(503, DeadlinePassed), (400, ApiException), (401, ApiException)]
)
def test_an_api_server_that_does_not_answer_is_not_taken_for_one_without_workloads(
    api, cluster, status, error
):
    api.answers["/apis/apps/v1/deployments"] = (status, {})
    with pytest.raises(error):
        missing_workloads(cluster, within_s=0.01)
