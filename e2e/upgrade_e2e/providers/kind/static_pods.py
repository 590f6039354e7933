"""Whether the static pods of a control plane are the ones that its kubelet should run.

A new kubelet gives static pods another hash and restarts them all, seconds after the node is
already Ready at the new version. The kubelet itself reports the hash that it works on (the UID of a
static pod) and the state of the containers under that very UID, whether or not there is an API
server; the mirror pod then shows what the rest of the cluster sees. Each component is asked
for its health at the address of its own probe, because the kubelet reports it 10 to 20 s later
(`initialDelaySeconds` of kubeadm's startup probes). A healthy component may still be idle: see
leases.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, Node
from upgrade_e2e.cluster.pods import is_ready
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.leases import idle_components
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["Settling", "StaticPod", "observe", "wait_until_settled"]

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
HASH = "kubernetes.io/config.hash"
MIRROR = "kubernetes.io/config.mirror"
SOURCE = "kubernetes.io/config.source"
_PROBES = ("readinessProbe", "startupProbe", "livenessProbe")
_CURL = ("curl", "--silent", "--show-error", "--insecure", "--max-time", "10")
_PKI = "/etc/kubernetes/pki/apiserver-kubelet-client"
# The kubelet's own list of pods, as the API server's client: works while the API is away.
KUBELET_PODS = (
    *(*_CURL, "--fail", "--cert", f"{_PKI}.crt", "--key", f"{_PKI}.key"),
    "https://127.0.0.1:10250/pods",
)


@dataclass(frozen=True)
class StaticPod:
    """One static pod as its kubelet shows it: its hash, and what runs under that hash.

    `started` is when the container started (RFC 3339), empty when it does not run. `probe` is the
    address at which the component answers whether it is well, empty when it has none.
    """

    name: str
    hash: str
    ready: bool
    started: str
    probe: str

    @property
    def component(self) -> str:
        """`kube-scheduler` of `kube-scheduler-NODE`."""
        known = (name for name in COMPONENTS if self.name.startswith(f"{name}-"))
        return next(known, self.name)


@dataclass(frozen=True)
class Settling:
    """What the kubelet works on, and the hash that the API shows of each pod, by its name.

    `well` are the components that run and whose own probe succeeds, or that the kubelet calls
    ready; `idle` are those that run and whose lease is still that of a process that is gone.
    """

    kubelet: tuple[StaticPod, ...]
    mirrors: Mapping[str, str]
    well: frozenset[str]
    idle: frozenset[str] = frozenset()

    @property
    def is_settled(self) -> bool:
        """All components are there, well, at work, and shown by the API under the same hash."""
        present = {pod.component for pod in self.kubelet}
        known = {pod.name: pod.hash for pod in self.kubelet}
        at_work = present == self.well - self.idle
        return present >= set(COMPONENTS) and at_work and known == self.mirrors

    def __repr__(self) -> str:
        return "; ".join(self._describe(pod) for pod in self.kubelet) or "no pods"

    def _describe(self, pod: StaticPod) -> str:
        shown = self.mirrors.get(pod.name)
        if not pod.started:
            state = "not running"
        elif pod.component not in self.well:
            state = "not well"
        else:
            state = "well but without its lease" if pod.component in self.idle else "well"
        if shown == pod.hash:
            return f"{pod.name} {state}"
        seen = "not in the API" if shown is None else "the API still shows the one before"
        return f"{pod.name} {state}, {seen}"


def wait_until_settled(cluster: Cluster, node: Node, within_s: float) -> None:
    """Wait until a control plane's static pods are at the kubelet's hash, well and at work."""
    wait_for(
        f"the static pods of {node.name} at their new hash and well",
        lambda: observe(cluster, node),
        lambda seen: seen.is_settled,
        Deadline(within_s, every_s=0.5, in_a_row=2),
        transient=(CommandFailed, *TRANSIENT_API_ERRORS),
    )


def observe(cluster: Cluster, node: Node) -> Settling:
    """Ask the kubelet, the components themselves, then the API."""
    answer = json.loads(runner_of(node).run(*KUBELET_PODS, timeout_s=30).stdout)
    pods = _mirrored(one for one in answer["items"] or [] if _is_component(one, node))
    well = _well(node, pods)
    query = f"/api/v1/namespaces/kube-system/pods?fieldSelector=spec.nodeName%3D{node.name}"
    shown = cluster.api.get_json(query, timeout_s=10)["items"]
    mirrors = {
        pod["metadata"]["name"]: _notes(pod).get(MIRROR, "")
        for pod in shown
        if _is_component(pod, node)
    }
    started = {pod.component: pod.started for pod in pods if pod.started}
    return Settling(pods, mirrors, well, idle_components(cluster.api, node.name, started))


def _mirrored(pods: Iterable[Mapping[str, Any]]) -> tuple[StaticPod, ...]:
    found = (
        StaticPod(
            name=pod["metadata"]["name"],
            hash=_notes(pod).get(HASH, ""),
            ready=is_ready(pod),
            started=_started(pod),
            probe=_probe(pod),
        )
        for pod in pods
    )
    return tuple(sorted(found, key=lambda pod: pod.name))


def _is_component(pod: Mapping[str, Any], node: Node) -> bool:
    """Whether it is a static pod that kubeadm made.

    Others, such as a user's own encryption provider, may be in another network, namespace or state.
    """
    named = {f"{component}-{node.name}" for component in COMPONENTS}
    return _notes(pod).get(SOURCE) == "file" and pod["metadata"]["name"] in named


def _notes(pod: Mapping[str, Any]) -> Mapping[str, str]:
    annotations: Mapping[str, str] = pod["metadata"].get("annotations") or {}
    return annotations


def _well(node: Node, pods: Sequence[StaticPod]) -> frozenset[str]:
    """The components that run and are well, by their own answer where they have a probe."""
    running = [pod for pod in pods if pod.started]
    probes = [pod.probe for pod in running if pod.probe]
    answers: dict[str, str] = {}
    if probes:
        each = [word for probe in probes for word in ("--output", "/dev/null", probe)]
        argv = (*_CURL, "--write-out", r"%{url_effective} %{http_code}\n", *each)
        said = runner_of(node).run(*argv, timeout_s=60, check=False).stdout
        answers = dict(line.split(" ") for line in said.splitlines() if line.count(" ") == 1)
    return frozenset(
        pod.component
        for pod in running
        if (answers.get(pod.probe) == "200" if pod.probe else pod.ready)
    )


def _started(pod: Mapping[str, Any]) -> str:
    """When the last of a pod's containers started; empty when one does not run."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    running = [(status.get("state") or {}).get("running") or {} for status in statuses]
    starts = [one.get("startedAt", "") for one in running]
    return max(starts) if starts and all(starts) else ""


def _probe(pod: Mapping[str, Any]) -> str:
    """The address of the first container's probe; a readiness probe is preferred to the others."""
    for container in pod["spec"].get("containers") or []:
        named = {port.get("name"): port["containerPort"] for port in container.get("ports") or []}
        for kind in _PROBES:
            if get := (container.get(kind) or {}).get("httpGet"):
                scheme = get.get("scheme", "HTTP").lower()
                port = named.get(get["port"], get["port"])
                host = get.get("host") or "127.0.0.1"
                host = f"[{host}]" if ":" in host else host
                return f"{scheme}://{host}:{port}{get.get('path', '/')}"
    return ""
