"""The options that mean something to real clusters only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from upgrade_e2e.errors import BadInput
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade.faults import plantable_on

__all__ = ["kind_options_in", "refuse_on_sim"]


@dataclass(frozen=True)
class _Option:
    """An option, and why it means nothing to a simulated cluster.

    One that is not `refused` asks for kind where the user names no provider, and else is left
    aside: a project's table names its node images, and is good for a rehearsal too.
    """

    name: str
    why: str
    refused: bool = True


_NO_IMAGES = "it has no node images"
_NO_KUBECTL = "its nodes are drained without kubectl, at a pace of their own"
_KIND_ONLY: Mapping[str, _Option] = {
    "fast_control_plane": _Option("fast-control-plane", "its API server has no such flags"),
    "reuse_cluster": _Option("reuse-cluster", "it ends with the pass that made it"),
    "node_image": _Option("node-image", _NO_IMAGES, refused=False),
    "node_images": _Option("image-for", _NO_IMAGES, refused=False),
    "nearest_patch": _Option("nearest-patch", _NO_IMAGES),
    "image_catalogue": _Option("image-catalogue", _NO_IMAGES),
    "kind_config": _Option("kind-config", "it is not made by kind"),
    "after_create": _Option(
        "after-create", "it is not made by kind, and comes with a network of its own"
    ),
    "upgrade_config": _Option("upgrade-config", "it is upgraded without kubeadm"),
    "drain_timeout_s": _Option("drain-timeout", _NO_KUBECTL),
    "drain_args": _Option("drain-args", _NO_KUBECTL),
    "wait_for_watches": _Option("no-wait-for-watches", "its API server is never away for long"),
    "join_node": _Option("no-join-node", "no node joins it anyway"),
    "step_timeout_s": _Option("step-timeout", "its steps have a pace of their own"),
    "guards": _Option("guard-forbidden", "its API server has no policies", refused=False),
    "backup_place": _Option("backup-into", "it has no etcd", refused=False),
}
"""By field of PassSettings."""


def kind_options_in(settings: PassSettings) -> tuple[str, ...]:
    """The options that were given and that only kind has, as `--NAME`; faults are among them."""
    faults = sorted({fault.name for fault in settings.faults} & _kind_faults())
    return (
        *(f"--{option.name}" for option in _given(settings)),
        *(f"--fault {name}" for name in faults),
    )


def refuse_on_sim(settings: PassSettings) -> None:
    """Refuse, with BadInput, options that mean nothing to a simulated cluster."""
    if given := [option for option in _given(settings) if option.refused]:
        reasons = "; ".join(f"--{option.name}: {option.why}" for option in given)
        raise BadInput(
            "a simulated cluster cannot do all that is asked for; leave this out, or use "
            f"--provider kind. {reasons}."
        )


def _given(settings: PassSettings) -> list[_Option]:
    usual = PassSettings()
    changed = [
        one.name
        for one in fields(PassSettings)
        if getattr(settings, one.name) != getattr(usual, one.name)
    ]
    return [_KIND_ONLY[name] for name in changed if name in _KIND_ONLY]


def _kind_faults() -> frozenset[str]:
    return plantable_on("kind") - plantable_on("sim")
