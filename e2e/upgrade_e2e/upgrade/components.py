"""What each node runs, against what it should run: pure, over API objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.addons import selects
from upgrade_e2e.cluster.image_names import ImageName
from upgrade_e2e.cluster.nodes import kubelet_version
from upgrade_e2e.upgrade.expected import ExpectedPods, usual_addons
from upgrade_e2e.upgrade.inventory import Component

__all__ = ["SYSTEM_COMPONENTS", "SameImage", "kubelets", "system_components"]

_STATIC = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
SYSTEM_COMPONENTS = (*_STATIC, "kube-proxy", "coredns")
"""The components that run in pods of kube-system."""

SameImage = Callable[[str, str, str], bool]
"""Whether two names are one image on a node: its name, the one, the other."""


def _by_name(node: str, one: str, other: str) -> bool:
    """The same image, by what the API alone can say."""
    del node
    return ImageName.parse(one).whole == ImageName.parse(other).whole


def kubelets(nodes: Iterable[Mapping[str, Any]], version: str) -> Iterator[Component]:
    """The kubelet of each Node."""
    for node in nodes:
        yield Component("kubelet", node["metadata"]["name"], kubelet_version(node), version)


def system_components(
    cluster: Cluster,
    pods: Sequence[Mapping[str, Any]],
    images: Mapping[str, str],
    addons: Sequence[ExpectedPods] | None = None,
    same_image: SameImage = _by_name,
) -> Iterator[Component]:
    """Each component that runs in pods of kube-system, on each node that must have it.

    `images` maps a component (`etcd`, `coredns`, ...) to the image that it should run. One that it
    does not name is left out: any version of it is right. `addons` are CoreDNS and kube-proxy as
    they must be, those of kubeadm where it is None. `same_image` knows the names of an image: a
    runtime reports one of several, and not always the one that was asked for.
    """
    controls = [node.name for node in cluster.control_planes]
    everywhere = [node.name for node in cluster.nodes]
    for name in _STATIC:
        if name in images:
            selector = {"matchLabels": {"component": name}}
            part = ExpectedPods(name, selector, images[name], container=name)
            yield from _parts_of(part, pods, controls, same_image)
    for part in usual_addons(images) if addons is None else addons:
        yield from _parts_of(part, pods, everywhere if part.everywhere else (), same_image)


def _parts_of(
    part: ExpectedPods,
    pods: Iterable[Mapping[str, Any]],
    required: Sequence[str],
    same_image: SameImage,
) -> Iterator[Component]:
    """The pods of one component by their node; a node without one is `missing`."""
    found = [p for p in pods if selects(part.selector, p["metadata"].get("labels") or {})]
    for pod in found:
        yield _compared(part, pod, same_image)
    there = {pod["spec"].get("nodeName") for pod in found}
    wanted = ImageName.parse(part.image).version
    for node in required:
        if node not in there:
            yield Component(part.component, node, "missing", wanted)
    if not found and not required and part.needed:
        yield Component(part.component, "", "missing", wanted)


def _compared(part: ExpectedPods, pod: Mapping[str, Any], same_image: SameImage) -> Component:
    """The version that a pod really runs; whole names where it comes from elsewhere than wanted."""
    node = pod["spec"].get("nodeName", "")
    own = _container(pod["spec"].get("containers"), part.container).get("image", "")
    asked, wanted = ImageName.parse(part.asked or own), ImageName.parse(part.image)
    status = _container(pod["status"].get("containerStatuses"), part.container)
    if "running" not in (status.get("state") or {}):
        return Component(part.component, node, "not running", wanted.version)
    shown = status["image"]
    running = ImageName.parse(own if own and same_image(node, shown, own) else shown)
    if asked.repository and asked.whole.repository != wanted.whole.repository:
        elsewhere = ImageName(asked.repository, running.tag, running.digest)
        return Component(part.component, node, str(elsewhere), part.image)
    return Component(part.component, node, running.version, wanted.version)


def _container(shown: Iterable[Mapping[str, Any]] | None, name: str) -> Mapping[str, Any]:
    """The container of this name; the first one where none has it."""
    every = list(shown or ())
    return next((one for one in every if name and one.get("name") == name), (every or [{}])[0])
