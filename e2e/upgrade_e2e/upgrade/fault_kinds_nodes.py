"""Faults of nodes and of the programs on them, which providers plant."""

from __future__ import annotations

from upgrade_e2e.upgrade.fault_kind import KIND, KIND_AND_SIM, FaultKind
from upgrade_e2e.upgrade.fault_values import (
    image_name,
    leak,
    node_in,
    rate,
    seconds,
    target_of,
    time_and_node,
)

__all__ = ["ON_NODES"]

ON_NODES = (
    FaultKind(
        "kubelet-qps",
        "kubelet-qps=1",
        "pods become Ready, and are seen as gone, later than they are",
        "kubelets send at most that many API requests per second; kubeadm does not undo it",
        rate,
        "nodes",
        KIND_AND_SIM,
    ),
    FaultKind(
        "apiserver-freeze",
        "apiserver-freeze=2s@drain",
        "API requests hang for that long",
        "every API server stops for the given time and answers nothing, then goes on",
        seconds,
        "nodes",
        KIND_AND_SIM,
    ),
    FaultKind(
        "fail-step",
        "fail-step=drain:worker2",
        "the upgrade itself fails at that step",
        "the program of the step exits with 1; for a drain, a pod is put on the node that its "
        "PodDisruptionBudget does not let go",
        target_of,
        "nodes",
        KIND_AND_SIM,
        hits=lambda value: " ".join(target_of(value)),
    ),
    FaultKind(
        "kubelet-leak",
        "kubelet-leak=200Mi@drain",
        "the kubelet of the last worker uses more and more memory",
        "a process in the cgroup of the kubelet's unit grows by that much within 60 s, or as long "
        "as in 400Mi/300s",
        leak,
        "nodes",
        KIND,
    ),
    FaultKind(
        "lacks-image",
        "lacks-image=registry.k8s.io/pause:3.10.1",
        "what needs that image on a worker waits for the registry, and fails where there is none: "
        "without pause of the new version, kubeadm's health Job does not end, [ERROR CreateJob]",
        "an image that was put on the nodes beforehand is removed from every worker",
        image_name,
        "nodes",
        KIND,
    ),
    FaultKind(
        "runtime-freeze",
        "runtime-freeze=60s@drain",
        "no container starts, ends or can be looked at, while those that run go on and the node "
        "stays Ready",
        "containerd of the first worker, or of the node that is named after the time "
        "(60s:worker2), is stopped (SIGSTOP) for that time",
        time_and_node,
        "nodes",
        KIND,
        on=node_in,
    ),
    FaultKind(
        "node-pause",
        "node-pause=30s@drain",
        "nothing on that node answers, while it stays Ready for the 50 s of the node controller",
        "the container that is the first worker, or the node that is named after the time "
        "(30s:worker2), is paused for that time",
        time_and_node,
        "nodes",
        KIND,
        on=node_in,
    ),
)
