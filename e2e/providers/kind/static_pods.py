"""Whether the static pods of a control plane are the ones that its kubelet was told to run.

A new kubelet gives static pods another hash and restarts them all, seconds after the node is
already Ready at the new version. The kubelet itself tells the hash that it works on (the UID of a
static pod) and the state of the containers under that very UID, whether or not there is an API
server. The mirror pod then shows what the rest of the cluster sees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from e2e.cluster import TRANSIENT_API_ERRORS, Cluster, Node
from e2e.errors import CommandFailed
from e2e.providers.kind.delivery import runner_of
from e2e.wait import Deadline, wait_for

__all__ = ["Settling", "StaticPod", "is_ready", "observe", "wait_until_settled"]

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
HASH = "kubernetes.io/config.hash"
MIRROR = "kubernetes.io/config.mirror"
SOURCE = "kubernetes.io/config.source"
_PKI = "/etc/kubernetes/pki/apiserver-kubelet-client"
# The kubelet's own list of pods, as the API server's client: works while the API is away.
KUBELET_PODS = (
    *("curl", "--silent", "--show-error", "--fail", "--insecure", "--max-time", "10"),
    *("--cert", f"{_PKI}.crt", "--key", f"{_PKI}.key", "https://127.0.0.1:10250/pods"),
)


@dataclass(frozen=True)
class StaticPod:
    """One static pod: its hash, and whether its containers of that hash are ready."""

    name: str
    hash: str
    ready: bool


@dataclass(frozen=True)
class Settling:
    """What the kubelet works on, and what the API shows of it; each pod by name."""

    kubelet: tuple[StaticPod, ...]
    mirrors: tuple[StaticPod, ...]

    @property
    def is_settled(self) -> bool:
        """All components are there, ready, and shown by the API under the same hash."""
        names = [pod.name for pod in self.kubelet]
        complete = all(any(name.startswith(f"{c}-") for name in names) for c in COMPONENTS)
        ready = all(pod.ready for pod in (*self.kubelet, *self.mirrors))
        return complete and ready and self.kubelet == self.mirrors

    def __repr__(self) -> str:
        shown = {pod.name: pod for pod in self.mirrors}
        return "; ".join(_tell(pod, shown.get(pod.name)) for pod in self.kubelet) or "no pods"


def _tell(pod: StaticPod, mirror: StaticPod | None) -> str:
    state = "ready" if pod.ready else "not ready"
    if mirror is None:
        return f"{pod.name} {state}, not in the API"
    if mirror.hash != pod.hash:
        return f"{pod.name} {state}, the API still shows the one before"
    return f"{pod.name} {state}, {'ready' if mirror.ready else 'not ready'} in the API"


def wait_until_settled(cluster: Cluster, node: Node, within_s: float) -> None:
    """Wait until a control plane's static pods are at the kubelet's hash and ready."""
    wait_for(
        f"the static pods of {node.name} at their new hash and ready",
        lambda: observe(cluster, node),
        lambda seen: seen.is_settled,
        Deadline(within_s, every_s=0.5, in_a_row=2),
        transient=(CommandFailed, *TRANSIENT_API_ERRORS),
    )


def observe(cluster: Cluster, node: Node) -> Settling:
    """Ask the kubelet, then the API."""
    told = json.loads(runner_of(node).run(*KUBELET_PODS, timeout_s=30).stdout)
    query = f"/api/v1/namespaces/kube-system/pods?fieldSelector=spec.nodeName%3D{node.name}"
    shown = cluster.api.get_json(query, timeout_s=10)
    return Settling(_static(told["items"] or [], HASH), _static(shown["items"], MIRROR))


def _static(pods: Sequence[Mapping[str, Any]], annotation: str) -> tuple[StaticPod, ...]:
    found = []
    for pod in pods:
        annotations = pod["metadata"].get("annotations") or {}
        if annotations.get(SOURCE) == "file":
            found.append(
                StaticPod(pod["metadata"]["name"], annotations.get(annotation, ""), is_ready(pod))
            )
    return tuple(sorted(found, key=lambda pod: pod.name))


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Running, with every container ready."""
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    return (
        status.get("phase") == "Running"
        and bool(containers)
        and all(container.get("ready") for container in containers)
    )
