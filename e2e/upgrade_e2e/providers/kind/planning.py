"""The steps of a pass on kind: pure data."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from upgrade_e2e.errors import BadInput
from upgrade_e2e.format import duration, setting
from upgrade_e2e.providers.kind.cgroup_v1 import ALLOWED, CGROUP_V1_CHOICE, needs_cgroup_v1
from upgrade_e2e.providers.kind.config import FAST_API_SERVER
from upgrade_e2e.providers.kind.delivery import STAGE_ROOT
from upgrade_e2e.providers.kind.drain_order import DRAIN_S
from upgrade_e2e.providers.kind.fitting_patches import require_fitting
from upgrade_e2e.providers.kind.kubeadm_steps import addons_step, apply_step, node_step
from upgrade_e2e.providers.kind.making import choices_of_making, ways_of_making
from upgrade_e2e.providers.kind.numbering import node_names
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.shape import in_place, is_single, planned_room, shape_choices
from upgrade_e2e.providers.kind.step_time import CHOSEN
from upgrade_e2e.providers.kind.watches import HEARD_WITHIN_S, WAIT_FOR_WATCHES
from upgrade_e2e.upgrade import Hop, Path, Plan, Step
from upgrade_e2e.upgrade.plan import JOIN_NODE
from upgrade_e2e.version import MinorVersion

__all__ = ["make_plan"]

OLDEST_TARGET = MinorVersion(1, 31)
"""UpgradeConfiguration exists from kubeadm v1.31 on."""

CREATE_S = 900.0
STAGE_S = 900.0
SWAP_S = 420.0
QUICK_S = 120.0
WATCHES_S = 240.0
CHECK_S = 240.0
VERIFY_S = 180.0
JOIN_S = 300.0
# kubectl gives up first, so that its own message is reported.
DRAIN_GRACE_S = 60.0


def make_plan(settings: KindSettings, path: Path, *, cgroup_v1: bool) -> Plan:
    """The plan of one pass; raises BadInput for what this provider cannot do."""
    for hop in path.hops:
        if hop.target.minor_version < OLDEST_TARGET:
            raise BadInput(
                f"{hop.target} is older than {OLDEST_TARGET}, the first version whose kubeadm "
                f"reads an UpgradeConfiguration; choose a target from {OLDEST_TARGET} on."
            )
        if settings.own_upgrade is not None:
            settings.own_upgrade.require_fit(hop.target, settings.control_planes)
    if settings.kind_config is not None:
        require_fitting(settings.kind_config, path.versions[0])
    upgrade = tuple(step for hop in path.hops for step in _hop_steps(settings, hop))
    if is_single(settings):
        upgrade = tuple(in_place(upgrade))
    if settings.joins:
        upgrade = (*upgrade, _join(settings, path.hops[-1]))
    room = planned_room(settings, *node_names(settings.control_planes, settings.workers))
    return Plan(
        provider="kind",
        path=path,
        prepare=(_create(settings, path), *(_stage(settings, hop) for hop in path.hops)),
        upgrade=tuple(_timed(settings, upgrade)),
        verify=tuple(_timed(settings, (_verify(settings, path),))),
        choices={
            **_choices(settings, path, cgroup_v1=cgroup_v1),
            **shape_choices(settings, room),
        },
        room=room,
    )


def _timed(settings: KindSettings, steps: Iterable[Step]) -> Iterator[Step]:
    """The steps with the time that the user has chosen; a drain keeps its own."""
    chosen_s = settings.step_timeout_s
    for step in steps:
        if chosen_s is None or step.kind == "drain":
            yield step
        else:
            yield replace(step, timeout_s=chosen_s, params={**step.params, CHOSEN: "yes"})


def _choices(settings: KindSettings, path: Path, *, cgroup_v1: bool) -> dict[str, str]:
    choices: dict[str, str] = {}
    if settings.fast_control_plane:
        flags = ", ".join(f"{name}={value}" for name, value in FAST_API_SERVER.items())
        choices["fast-control-plane"] = f"API server with {flags}"
    if cgroup_v1 and needs_cgroup_v1(path) and not settings.reuse_cluster:
        choices[CGROUP_V1_CHOICE] = ALLOWED
    if settings.reuse_cluster:
        choices["reuse-cluster"] = settings.reuse_cluster
    return {**choices, **choices_of_making(settings, path), **_procedure(settings)}


def _procedure(settings: KindSettings) -> Mapping[str, str]:
    """What is the user's own about the way of upgrading."""
    own: dict[str, str] = {}
    if settings.own_upgrade is not None:
        own["upgrade-config"] = settings.own_upgrade.describe()
    if settings.drain_timeout_s != DRAIN_S:
        own["drain-timeout"] = setting(settings.drain_timeout_s)
    if settings.drain_args:
        own["drain-args"] = shlex.join(settings.drain_args)
    if not settings.wait_for_watches:
        own["no-wait-for-watches"] = "nodes are drained at once"
    if not settings.join_node:
        own["no-join-node"] = "no node joins when the upgrade is done"
    if settings.step_timeout_s is not None:
        own["step-timeout"] = setting(settings.step_timeout_s)
    return own


def _create(settings: KindSettings, path: Path) -> Step:
    targets = ", ".join(settings.image_for(hop.target) for hop in path.hops)
    preload = (
        (f"load {', '.join(settings.preload_images)} onto every node",)
        if settings.preload_images
        else ()
    )
    meanwhile = f"meanwhile take programs and container images out of {targets}"
    does = (*ways_of_making(settings, path), meanwhile, *preload)
    return Step("create", CREATE_S, does=does)


def _stage(settings: KindSettings, hop: Hop) -> Step:
    return Step(
        "stage",
        STAGE_S,
        about=str(hop.target),
        does=(
            f"copy kubeadm, kubelet, kubectl and an UpgradeConfiguration (v1beta4) to "
            f"{STAGE_ROOT}/{hop.target} on every node",
            f"import the container images of {settings.image_for(hop.target)} that differ",
            f"refuse feature gates of the cluster that the kubelet of {hop.target} does not take",
            "give images the names that the cluster asks for, where it uses a mirror",
            "wait until all nodes, etcd, and kube-proxy and CoreDNS where there are any, are ready",
        ),
        params={"version": str(hop.target)},
    )


def _hop_steps(settings: KindSettings, hop: Hop) -> Iterator[Step]:
    control_planes, workers = node_names(settings.control_planes, settings.workers)
    for node in control_planes:
        raising = apply_step if node == control_planes[0] else node_step
        yield raising(settings, hop, node, settles=node != control_planes[-1])
    yield addons_step(settings, hop, control_planes[-1])
    for node in control_planes:
        yield from _swap_steps(settings, hop, node)
    for node in workers:
        yield node_step(settings, hop, node, settles=False)
        yield from _swap_steps(settings, hop, node)


def _swap_steps(settings: KindSettings, hop: Hop, node: str) -> Iterator[Step]:
    drains = settings.drains
    budgets = "respected" if drains.heeds_budgets else "not asked"
    if settings.wait_for_watches and not is_single(settings):
        yield _wait_for_watches(hop, node)
    yield Step.of_hop(
        hop,
        "drain",
        drains.allowed_s + DRAIN_GRACE_S,
        (f"kubectl drain {node} {shlex.join(drains.argv)} (PodDisruptionBudgets are {budgets})",),
        node,
        allowed_s=f"{drains.allowed_s:g}",
        arguments=shlex.join(drains.argv),
    )
    yield Step.of_hop(
        hop,
        "swap-kubelet",
        SWAP_S,
        (
            f"install kubelet and kubectl {hop.target}; systemctl restart kubelet",
            f"wait until the node is Ready at exactly {hop.target}",
            *(
                ("wait until its static pods are at the hash of the new kubelet, and ready",)
                if node.startswith("control-plane")
                else ()
            ),
        ),
        node,
    )
    yield Step.of_hop(hop, "uncordon", QUICK_S, (f"kubectl uncordon {node}",), node)
    yield Step.of_hop(
        hop,
        "check",
        CHECK_S,
        ("all nodes Ready, kube-proxy ready wherever it was before, all etcd members healthy",),
        node,
    )


def _wait_for_watches(hop: Hop, node: str) -> Step:
    does = (
        "give every kubelet and kube-proxy news from the API server, and wait until all have "
        f"heard, for {duration(HEARD_WITHIN_S)} at most",
    )
    return Step.of_hop(hop, WAIT_FOR_WATCHES, WATCHES_S, does, node)


def _join(settings: KindSettings, hop: Hop) -> Step:
    """A node joins at the new version, named as kind would name the next one."""
    node = node_names(settings.control_planes, settings.workers + 1)[1][-1]
    image = settings.image_for(hop.target)
    does = (
        "only where a scenario watches pods on new nodes, as new_pods_have_network does",
        f"docker run {image} with the arguments of a node that runs, and load the images that pods "
        "of the pass need",
        "kubeadm join with a JoinConfiguration (v1beta4) made of that of a worker, by a token that "
        "a control plane gives",
        f"wait until the node is Ready at exactly {hop.target}",
    )
    return Step.of_hop(hop, JOIN_NODE, JOIN_S, does, node)


def _verify(settings: KindSettings, path: Path) -> Step:
    last, own = path.versions[-1], settings.own_upgrade
    alone = ", ".join(sorted(settings.left_alone))
    patched = own is not None and own.patches("apply")
    diff = "a dry run with its patches" if patched else "kubeadm upgrade diff"
    return Step(
        "verify",
        VERIFY_S,
        does=(
            f"read back that every component is at what kubeadm {last} wants for this cluster, no "
            "addon appeared, no pod is stuck and no workload lacks replicas",
            *((f"{alone}: left alone, so no new version is wanted",) if alone else ()),
            f"kubeadm upgrade plan and {diff} find nothing left to do",
            "the kubeconfig from before the upgrade still reaches the API",
            "kubeadm certs check-expiration",
        ),
        params={"version": str(last)},
    )
