"""Kills for want of memory, as pods and events show them."""

from __future__ import annotations

from typing import Any

import pytest

from upgrade_e2e.observers.kills import EVICTION, OOM_KILL, kills_of_event, kills_of_pod

OURS = ("kube-system", "upgrade-e2e")


def pod(**status: Any) -> dict[str, Any]:
    """A pod on a worker."""
    meta = {"name": "dns-1", "namespace": "kube-system", "uid": "u1"}
    return {"metadata": meta, "spec": {"nodeName": "worker"}, "status": status}


def ended(reason: str, at: str = "t1") -> dict[str, Any]:
    """The state of a container that has ended."""
    return {"terminated": {"reason": reason, "finishedAt": at, "exitCode": 137}}


def event(reason: str, kind: str = "Pod", **more: Any) -> dict[str, Any]:
    """A warning about a pod of kube-system, or a node."""
    about = {"kind": kind, "name": "dns-1", "namespace": "kube-system"}
    if kind == "Node":
        about = {"kind": kind, "name": "worker"}
    return {
        "metadata": {"uid": "e1"},
        "reason": reason,
        "message": "out  of\nmemory",
        "involvedObject": about,
        "source": {"host": "worker2"},
        **more,
    }


@pytest.mark.parametrize("where", ["containerStatuses", "initContainerStatuses"])
@pytest.mark.parametrize("state", ["state", "lastState"])
def test_a_container_that_was_oom_killed_is_found_by_its_status(where, state):
    (kill,) = kills_of_pod(pod(**{where: [{"name": "coredns", state: ended("OOMKilled")}]}))
    assert (kill.what, kill.source, kill.node) == (OOM_KILL, "status", "worker")
    assert (kill.namespace, kill.pod, kill.container) == ("kube-system", "dns-1", "coredns")


def test_a_limit_that_not_even_the_start_fits_into_is_a_kill():
    message = (
        "failed to create containerd task: runc create failed: unable to start container process: "
        "container init was OOM-killed (memory limit too low?)"
    )
    state = ended("StartError")
    state["terminated"]["message"] = message
    (kill,) = kills_of_pod(pod(containerStatuses=[{"name": "coredns", "lastState": state}]))
    assert (kill.what, kill.container) == (OOM_KILL, "coredns")
    assert kill.says == "container init was OOM-killed (memory limit too low?)"
    state["terminated"]["message"] = "failed to create containerd task: no such file"
    assert not list(kills_of_pod(pod(containerStatuses=[{"name": "coredns", "lastState": state}])))


def test_each_end_of_a_container_is_a_kill_of_its_own():
    both = {"name": "c", "state": ended("OOMKilled", "t2"), "lastState": ended("OOMKilled", "t1")}
    keys = {kill.key for kill in kills_of_pod(pod(containerStatuses=[both]))}
    assert keys == {"u1/c/t1", "u1/c/t2"}


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"containerStatuses": [{"name": "c", "state": {"running": {}}, "lastState": {}}]},
        {"containerStatuses": [{"name": "c", "state": ended("Error")}]},
        {"containerStatuses": None, "reason": "NodeLost"},
    ],
)
def test_other_ends_are_no_kills(status):
    assert list(kills_of_pod(pod(**status))) == []


def test_an_evicted_pod_is_found_by_its_status():
    (kill,) = kills_of_pod(pod(phase="Failed", reason="Evicted", message="low on\n memory"))
    assert (kill.what, kill.pod, kill.says) == (EVICTION, "dns-1", "low on memory")


@pytest.mark.parametrize("reason", ["SystemOOM", "OOMKilling"])
def test_an_event_of_a_node_is_of_that_node(reason):
    (kill,) = kills_of_event(event(reason, "Node"), OURS)
    assert (kill.what, kill.node, kill.pod) == (OOM_KILL, "worker", "")
    assert kill.says == f"{reason}: out of memory"


def test_an_event_of_a_pod_is_of_the_node_that_reported_it():
    (kill,) = kills_of_event(event("Evicted"), OURS)
    assert (kill.what, kill.node, kill.pod) == (EVICTION, "worker2", "dns-1")


def test_an_event_that_comes_again_is_another_kill():
    once, again = event("SystemOOM", "Node", count=1), event("SystemOOM", "Node", count=2)
    assert [kill.key for one in (once, again) for kill in kills_of_event(one, OURS)] == [
        "e1/1",
        "e1/2",
    ]
    in_series = event("SystemOOM", "Node", series={"count": 7})
    assert [kill.key for kill in kills_of_event(in_series, OURS)] == ["e1/7"]


def test_events_of_others_and_about_other_things_are_left_out():
    assert list(kills_of_event(event("BackOff"), OURS)) == []
    assert list(kills_of_event(event("Evicted"), ("default",))) == []
