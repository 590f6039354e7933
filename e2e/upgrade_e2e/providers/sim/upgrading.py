"""The steps that change versions: kubeadm's, and the swap of a kubelet."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from upgrade_e2e.cluster import Cluster, Role
from upgrade_e2e.cluster.asking import get
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.cluster.rollout import ADDONS, image_of
from upgrade_e2e.providers.sim.asking import WITHIN_S, patch
from upgrade_e2e.providers.sim.control import ControlClient
from upgrade_e2e.providers.sim.durations import Durations
from upgrade_e2e.providers.sim.health import Health
from upgrade_e2e.providers.sim.release import STATIC_PODS, ReleaseImages, images_of
from upgrade_e2e.upgrade import Marks, Step
from upgrade_e2e.version import KubeVersion

__all__ = ["Means", "kubeadm_apply", "kubeadm_node", "roll_addons", "swap_kubelet"]

_CONFIG = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"


@dataclass(frozen=True)
class Means:
    """What the steps work with: the control socket, how long things take, and waits."""

    control: ControlClient
    durations: Durations
    health: Health


def kubeadm_apply(
    step: Step,
    cluster: Cluster,
    means: Means,
    marks: Marks,
    staying: AbstractSet[str],
) -> None:
    """Replace the static pods one after another, then apply the addons but those `staying`."""
    images = images_of(KubeVersion.parse(step.params["version"]))
    node = node_of(cluster, step.node).name
    for component in STATIC_PODS:
        marks.mark(component)
        means.control.ask(
            "static-pod",
            node=node,
            component=component,
            version=str(images.version),
            back_off_s=means.durations.back_off_s(component),
        )
        image = images.image(component)
        means.health.static_pod_ready(step.node, component, image, step.timeout_s)
    marks.mark("config")
    _upload_config(cluster, images)
    marks.mark("addons")
    for addon, path in ADDONS.items():
        if addon not in staying:
            container = {"name": addon, "image": images.image(addon)}
            patch(cluster, path, {"spec": {"template": {"spec": {"containers": [container]}}}})


def _upload_config(cluster: Cluster, images: ReleaseImages) -> None:
    text = get(cluster, _CONFIG, WITHIN_S)["data"]["ClusterConfiguration"]
    lines = [
        f"kubernetesVersion: {images.version}" if line.startswith("kubernetesVersion:") else line
        for line in text.splitlines()
    ]
    patch(cluster, _CONFIG, {"data": {"ClusterConfiguration": "\n".join(lines) + "\n"}})


def kubeadm_node(cluster: Cluster) -> None:
    """Read the configuration of the new version, which is all that a worker does."""
    get(cluster, _CONFIG, WITHIN_S)


def roll_addons(step: Step, cluster: Cluster, means: Means, staying: AbstractSet[str]) -> None:
    """Wait for CoreDNS and kube-proxy at their new images; those `staying` keep theirs."""
    release = images_of(KubeVersion.parse(step.params["version"]))
    images = {addon: release.image(addon) for addon in ADDONS}
    for addon in staying:
        images[addon] = image_of(get(cluster, ADDONS[addon], WITHIN_S))
    means.health.addons_rolled(images, step.timeout_s)


def swap_kubelet(step: Step, cluster: Cluster, means: Means, marks: Marks) -> None:
    """Stop the old kubelet, start the new one, wait until the node has taken it up.

    On a control plane a kubelet of another version restarts all static pods, so that is waited
    for as well.
    """
    node, version = node_of(cluster, step.node), step.params["version"]
    control = means.control
    control.ask("stop-kubelet", node=node.name)
    time.sleep(means.durations.swap_s)
    back_off_s = means.durations.back_off_s("kube-scheduler")
    control.ask("start-kubelet", node=node.name, version=version, back_off_s=back_off_s)
    marks.mark("ready")
    means.health.node_ready(node.name, version, step.timeout_s)
    if node.role is Role.CONTROL_PLANE:
        marks.mark("static-pods")
        control.ask("settle", timeout_s=step.timeout_s, node=node.name)
        images = images_of(KubeVersion.parse(version))
        for component in STATIC_PODS:
            image = images.image(component)
            means.health.static_pod_ready(step.node, component, image, step.timeout_s)
