"""What each node runs, against what it should run: pure, over API objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.nodes import kubelet_version
from upgrade_e2e.upgrade.inventory import Component

__all__ = ["SYSTEM_COMPONENTS", "kubelets", "system_components"]

# The label by which a component's pods are found, and the label's value for it.
_LABELLED = {
    "kube-apiserver": ("component", "kube-apiserver"),
    "kube-controller-manager": ("component", "kube-controller-manager"),
    "kube-scheduler": ("component", "kube-scheduler"),
    "etcd": ("component", "etcd"),
    "kube-proxy": ("k8s-app", "kube-proxy"),
    "coredns": ("k8s-app", "kube-dns"),
}
SYSTEM_COMPONENTS = tuple(_LABELLED)
"""The components that run in pods of kube-system."""


def kubelets(nodes: Iterable[Mapping[str, Any]], version: str) -> Iterator[Component]:
    """The kubelet of each Node."""
    for node in nodes:
        yield Component("kubelet", node["metadata"]["name"], kubelet_version(node), version)


def system_components(
    cluster: Cluster, pods: Sequence[Mapping[str, Any]], images: Mapping[str, str]
) -> Iterator[Component]:
    """Each component that runs in pods of kube-system, on each node that must have it.

    `images` maps a component (`etcd`, `coredns`, ...) to the image that it should run. One that it
    does not name is left out: any version of it is right.
    """
    everywhere = [node.name for node in cluster.nodes]
    controls = [node.name for node in cluster.control_planes]
    required: dict[str, Sequence[str]] = {"kube-proxy": everywhere, "coredns": ()}
    for name in (name for name in SYSTEM_COMPONENTS if name in images):
        yield from _pods_of(name, pods, required.get(name, controls), _tag(images[name]))


def _pods_of(
    name: str, pods: Iterable[Mapping[str, Any]], required: Iterable[str], wanted: str
) -> Iterator[Component]:
    """The pods of one component by their node; a node without one is `missing`."""
    label, value = _LABELLED[name]
    found = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(label) == value]
    for pod in found:
        yield Component(name, pod["spec"].get("nodeName", ""), _running_tag(pod), wanted)
    there = {pod["spec"].get("nodeName") for pod in found}
    for node in required:
        if node not in there:
            yield Component(name, node, "missing", wanted)
    if not found and not required:
        yield Component(name, "", "missing", wanted)


def _running_tag(pod: Mapping[str, Any]) -> str:
    """The tag that the container really runs, not the one that the spec asks for."""
    statuses = pod["status"].get("containerStatuses") or []
    running = [status for status in statuses if "running" in (status.get("state") or {})]
    return _tag(running[0]["image"]) if running else "not running"


def _tag(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[2]
