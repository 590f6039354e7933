"""Objects as a real API server shows them, with the fields that questions read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

Object = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def stamp(age_s: float) -> str:
    """The time `age_s` seconds before NOW, as the API writes times."""
    return (NOW - timedelta(seconds=age_s)).isoformat().replace("+00:00", "Z")


def condition(kind: str, holds: bool, reason: str = "") -> Object:
    """One condition of a status."""
    made = {"type": kind, "status": str(holds), "lastTransitionTime": stamp(300)}
    return made | ({"reason": reason} if reason else {})


def container(ready: bool, **state: Object) -> Object:
    """The status of a container."""
    return {
        "name": "web",
        "image": "registry.example/web:1",
        "ready": ready,
        "restartCount": 0,
        "state": state,
    }


RUNNING = {"startedAt": stamp(300)}
READY = (
    condition("Initialized", True),
    condition("Ready", True),
    condition("ContainersReady", True),
    condition("PodScheduled", True),
)
NOT_READY = (
    condition("Initialized", True),
    condition("Ready", False, "ContainersNotReady"),
    condition("ContainersReady", False, "ContainersNotReady"),
    condition("PodScheduled", True),
)


def pod_of(
    phase: str,
    containers: Iterable[Object] = (),
    conditions: Iterable[Object] = (),
    age_s: float = 300,
    **status: Any,
) -> Object:
    """The pod shop/web; `age_s` is how long before NOW it was created."""
    meta = {"name": "web", "namespace": "shop", "creationTimestamp": stamp(age_s)}
    shown = {"phase": phase, "containerStatuses": list(containers), "conditions": list(conditions)}
    return {"metadata": meta, "spec": {"nodeName": "worker"}, "status": shown | status}


def unschedulable() -> Object:
    """No node has room for it; it has no container statuses at all."""
    made = pod_of("Pending", conditions=[condition("PodScheduled", False, "Unschedulable")])
    del made["status"]["containerStatuses"]
    return made


def image_missing() -> Object:
    """Its image cannot be pulled."""
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "web:1"'}
    return pod_of("Pending", [container(False, waiting=waiting)], NOT_READY)


def crashing() -> Object:
    """Its container ends again and again."""
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}
    return pod_of("Running", [container(False, waiting=waiting)], NOT_READY)


def unready() -> Object:
    """It runs, and its readiness probe fails."""
    return pod_of("Running", [container(False, running=RUNNING)], NOT_READY)


def on_lost_node() -> Object:
    """Its node stopped reporting: the container states stay, the condition does not."""
    lost = [one for one in READY if one["type"] != "Ready"]
    lost.append(condition("Ready", False, "NodeNotReady"))
    return pod_of("Running", [container(True, running=RUNNING)], lost)


def evicted() -> Object:
    """Its node ran out of memory."""
    return pod_of("Failed", reason="Evicted", message="The node was low on resource: memory.")


def failed() -> Object:
    """Its only container ended with an error, and is not started again."""
    ended = {"exitCode": 1, "reason": "Error"}
    return pod_of("Failed", [container(False, terminated=ended)], NOT_READY)


def running() -> Object:
    """Everything is as it should be."""
    return pod_of("Running", [container(True, running=RUNNING)], READY)


def completed() -> Object:
    """The pod of a Job that is done."""
    ended = {"exitCode": 0, "reason": "Completed"}
    unmet = [condition("Ready", False, "PodCompleted")]
    return pod_of("Succeeded", [container(False, terminated=ended)], unmet)


def terminating(late_s: float) -> Object:
    """Deleted; its grace period ended `late_s` seconds before NOW."""
    made = running()
    made["metadata"]["deletionTimestamp"] = stamp(late_s)
    return made


def coming(age_s: float) -> Object:
    """Created a moment ago."""
    waiting = {"reason": "ContainerCreating"}
    return pod_of("Pending", [container(False, waiting=waiting)], NOT_READY, age_s=age_s)


NEW, OLD = "registry.k8s.io/coredns/coredns:v1.12.1", "registry.k8s.io/coredns/coredns:v1.12.0"
PROXY = "registry.k8s.io/kube-proxy:v1.34.4"


def deployment(image: str = NEW, replicas: int = 2, **status: int) -> Object:
    """CoreDNS, rolled to `image` but for what `status` says."""
    counts = {"updatedReplicas": 2, "availableReplicas": 2, "replicas": 2}
    return {
        "metadata": {"generation": 4},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"image": image}]}},
        },
        "status": {"observedGeneration": 4, **counts, **status},
    }


def daemon_set(**status: int) -> Object:
    """kube-proxy on two nodes, rolled but for what `status` says."""
    return {
        "metadata": {"generation": 1},
        "spec": {"template": {"spec": {"containers": [{"image": PROXY}]}}},
        "status": {
            "observedGeneration": 1,
            "desiredNumberScheduled": 2,
            "currentNumberScheduled": 2,
            "updatedNumberScheduled": 2,
            "numberReady": 2,
            **status,
        },
    }
