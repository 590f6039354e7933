"""The steps of a hop that kubeadm does: one for each control plane and worker, and the addons."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e.cluster.rollout import ADDONS
from upgrade_e2e.providers.kind.config import ignored_with
from upgrade_e2e.providers.kind.delivery import staged_file
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.upgrade import Hop, Step

__all__ = ["addons_step", "apply_step", "node_step"]

KUBEADM_S = 1200.0
ADDONS_S = 300.0
_SETTLED = "wait until every static pod of the control plane is at its new hash and ready"


def apply_step(settings: KindSettings, hop: Hop, node: str, *, settles: bool) -> Step:
    """`kubeadm upgrade apply` on the first control plane; `settles` if it waits for static pods."""
    kubeadm, config = staged_file(hop.target, "kubeadm"), staged_file(hop.target, "upgrade.yaml")
    does = (
        f"{kubeadm} upgrade apply --yes --config {config}",
        *_own_words(settings, "apply"),
        *((_SETTLED,) if settles else ()),
    )
    return Step.of_hop(hop, "kubeadm-apply", KUBEADM_S, does, node, **_settling(settles=settles))


def _own_words(settings: KindSettings, command: str) -> Iterator[str]:
    """What the UpgradeConfiguration says about `kubeadm upgrade apply` or `node`."""
    own = settings.own_upgrade
    if own is not None:
        yield f"the configuration is {own.file}, with the target version put in"
        if skipped := own.skipped_phases(command):
            yield f"skipped phases: {', '.join(skipped)}"
        if folder := own.patches(command):
            yield f"patches: {folder}"
    if command == "apply" or own is not None:
        ignored = ignored_with(own.ignored(command) if own else ())
        yield f"ignored preflight errors: {', '.join(ignored)}"


def node_step(settings: KindSettings, hop: Hop, node: str, *, settles: bool) -> Step:
    """`kubeadm upgrade node` on another node; `settles` if it waits for static pods."""
    kubeadm, config = staged_file(hop.target, "kubeadm"), staged_file(hop.target, "upgrade.yaml")
    does = (
        "wait until the node may read the kubelet's configuration of the new version",
        f"{kubeadm} upgrade node --config {config}",
        *_own_words(settings, "node"),
        *((_SETTLED,) if settles else ()),
    )
    return Step.of_hop(hop, "kubeadm-node", KUBEADM_S, does, node, **_settling(settles=settles))


def _settling(*, settles: bool) -> dict[str, str]:
    """Whether the step waits for static pods; after the last control plane, roll-addons does."""
    return {"settles": "yes"} if settles else {}


def addons_step(settings: KindSettings, hop: Hop, last: str) -> Step:
    """Waiting for the addons, and for the static pods of the `last` control plane."""
    rolled = " and ".join(sorted(ADDONS.keys() - settings.left_alone))
    alone = ", ".join(sorted(ADDONS.keys() & settings.left_alone))
    does = (
        *(
            (
                f"kubeadm rolls {rolled} once the last control plane ({last}) is done",
                f"wait until {rolled}, where it is kubeadm's own, runs the image that kubeadm "
                "wants for this cluster",
            )
            if rolled
            else ()
        ),
        *((f"{alone}: left alone, as the phase is skipped",) if alone else ()),
        _SETTLED,
    )
    return Step.of_hop(hop, "roll-addons", ADDONS_S, does, last=last)
