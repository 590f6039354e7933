"""The steps of a pass on a simulated cluster: the words of a real one, as pure data."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.cluster.room import Room
from upgrade_e2e.format import duration
from upgrade_e2e.providers.sim.settings import SimSettings
from upgrade_e2e.upgrade import Hop, Path, Plan, Step

__all__ = ["make_plan"]

CREATE_S = 120.0
KUBEADM_S = 120.0
ADDONS_S = 60.0
SWAP_S = 60.0
QUICK_S = 30.0
VERIFY_S = 60.0
_DRAIN_MARGIN_S = 30.0
_CONTROL_PLANE = "control-plane"


def make_plan(settings: SimSettings, path: Path) -> Plan:
    """The plan of one pass."""
    upgrade = tuple(step for hop in path.hops for step in _hop_steps(settings, hop))
    room = Room.planned((_CONTROL_PLANE,), _workers(settings))
    return Plan(
        provider="sim",
        path=path,
        prepare=(_create(settings, path),),
        upgrade=upgrade,
        verify=(_verify(path),),
        choices={"simulated": str(settings.durations), **room.choices},
        room=room,
    )


def _workers(settings: SimSettings) -> list[str]:
    names = ["worker", *(f"worker{n}" for n in range(2, settings.workers + 1))]
    return names[: settings.workers]


def _create(settings: SimSettings, path: Path) -> Step:
    shape = f"{settings.control_planes} control plane, {settings.workers} worker(s)"
    does = (f"start a simulator that looks like {path.versions[0]}: {shape}",)
    return Step("create", CREATE_S, does=does)


def _hop_steps(settings: SimSettings, hop: Hop) -> Iterator[Step]:
    does: tuple[str, ...] = (
        f"give etcd, the API server, the controller manager and the scheduler manifests of "
        f"{hop.target}, one after another, and wait for each",
        "apply CoreDNS and kube-proxy of the new version",
    )
    yield Step.of_hop(hop, "kubeadm-apply", KUBEADM_S, does, _CONTROL_PLANE)
    does = ("wait until CoreDNS and kube-proxy have been rolled to their new images",)
    yield Step.of_hop(hop, "roll-addons", ADDONS_S, does)
    yield from _swap_steps(settings, hop, _CONTROL_PLANE)
    for node in _workers(settings):
        does = ("read the configuration of the new version",)
        yield Step.of_hop(hop, "kubeadm-node", KUBEADM_S, does, node)
        yield from _swap_steps(settings, hop, node)


def _swap_steps(settings: SimSettings, hop: Hop, node: str) -> Iterator[Step]:
    allowed_s = settings.drain_timeout_s / settings.durations.pace
    does: tuple[str, ...] = (
        f"cordon {node} and evict its pods (PodDisruptionBudgets are respected), for "
        f"{duration(allowed_s)} at most",
    )
    timeout_s = allowed_s + _DRAIN_MARGIN_S
    yield Step.of_hop(hop, "drain", timeout_s, does, node, allowed_s=f"{allowed_s:g}")
    does = (
        f"restart the kubelet as {hop.target}",
        f"wait until the node is Ready at exactly {hop.target}",
    )
    yield Step.of_hop(hop, "swap-kubelet", SWAP_S, does, node)
    yield Step.of_hop(hop, "uncordon", QUICK_S, (f"uncordon {node}",), node)
    yield Step.of_hop(
        hop, "check", QUICK_S, ("all nodes Ready, one kube-proxy ready on each",), node
    )


def _verify(path: Path) -> Step:
    last = path.versions[-1]
    does = (
        f"read back that every component is at {last}, no pod is stuck and no workload lacks "
        "replicas",
        "the kubeconfig from before the upgrade still reaches the API",
    )
    return Step("verify", VERIFY_S, does=does, params={"version": str(last)})
