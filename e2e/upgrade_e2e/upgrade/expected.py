"""What CoreDNS, kube-proxy and the other parts must be after an upgrade of this very cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster.addons import Addon

__all__ = [
    "ExpectedPods",
    "appeared_addons",
    "expected_addons",
    "rolled_addons",
    "sentences_about",
    "usual_addons",
]

_LABELS = {"kube-proxy": "kube-proxy", "coredns": "kube-dns"}


@dataclass(frozen=True)
class ExpectedPods:
    """Pods of one component that must be there after the upgrade.

    `selector` is the LabelSelector that finds them and `container` the name of the container that
    counts; the first one where none is called so. `image` is what it must run. `asked` is the image
    that the workload asks for now, empty where only the pods say it. `everywhere` wants a pod on
    each node, `needed` one at least.
    """

    component: str
    selector: Mapping[str, Any]
    image: str
    asked: str = ""
    container: str = ""
    everywhere: bool = False
    needed: bool = True


def usual_addons(images: Mapping[str, str]) -> tuple[ExpectedPods, ...]:
    """Those of a cluster whose addons are as kubeadm makes them; `images` are by component.

    A component that `images` does not name is left out.
    """
    return tuple(
        ExpectedPods(
            component=component,
            selector={"matchLabels": {"k8s-app": label}},
            image=images[component],
            container=component,
            everywhere=component == "kube-proxy",
        )
        for component, label in _LABELS.items()
        if component in images
    )


def expected_addons(
    before: Sequence[Addon],
    now: Sequence[Addon],
    images: Mapping[str, str],
) -> tuple[ExpectedPods, ...]:
    """What must have become of the addons that were there `before`; `now` is what is there.

    kubeadm rolls its own workloads to `images`, by component. A component that is not in there is
    disabled in its configuration, or its phase is skipped. Its workload and those of other names
    must stay at the image that they had.
    """
    asked = {one.workload: one.image for one in now}
    rolled = rolled_addons(before, images)
    return tuple(
        ExpectedPods(
            component=one.component,
            selector=one.selector,
            image=rolled.get(one.component, one.image) if one.is_kubeadms else one.image,
            asked=asked.get(one.workload, ""),
            container=one.container,
            everywhere=one.everywhere,
            needed=one.rollout.wanted > 0,
        )
        for one in before
    )


def rolled_addons(before: Sequence[Addon], images: Mapping[str, str]) -> dict[str, str]:
    """The addons that kubeadm rolls, each with the image that it gets."""
    return {
        one.component: images[one.component]
        for one in before
        if one.is_kubeadms and one.component in images
    }


def sentences_about(before: Sequence[Addon], rolled: Mapping[str, str]) -> tuple[str, ...]:
    """What is to become of each addon, in a sentence; of kubeadm's own also that there is none."""
    said = []
    for one in before:
        if one.is_kubeadms and one.component in rolled:
            said.append(f"{one.workload}: kubeadm rolls it to {rolled[one.component]}")
        else:
            said.append(f"{one.workload}: not kubeadm's to roll, stays at {one.image}")
    absent = [name for name in _LABELS if name not in {one.component for one in before}]
    return (*said, *(f"{name}: not in kube-system before, and must not appear" for name in absent))


def appeared_addons(before: Sequence[Addon], now: Sequence[Addon]) -> tuple[str, ...]:
    """A sentence for each addon that is there now and was not before."""
    known = {one.workload for one in before}
    return tuple(
        f"a {one.workload} appeared in kube-system that was not there before"
        for one in now
        if one.workload not in known
    )
