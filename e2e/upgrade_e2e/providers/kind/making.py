"""How a plan describes the making of its cluster, and what of it is the user's own."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from upgrade_e2e.providers.kind.after_create import AFTER_CREATE, described
from upgrade_e2e.providers.kind.demands import demands_of
from upgrade_e2e.providers.kind.host_mounts import is_there
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.own_patches import IDLE_PATCHES, idle_patches
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.skew import older_nodes
from upgrade_e2e.providers.kind.unfilled import UNFILLED, unfilled_variables
from upgrade_e2e.providers.kind.unread_patches import patches_without_reader
from upgrade_e2e.upgrade import Path

__all__ = ["KIND_CONFIG", "KIND_CONFIG_DIGEST", "choices_of_making", "ways_of_making"]

KIND_CONFIG = "kind-config"
KIND_CONFIG_DIGEST = "kind-config-digest"


def choices_of_making(settings: KindSettings, path: Path) -> dict[str, str]:
    """The choices that the user's own configuration and command are, for every artifact."""
    choices: dict[str, str] = {}
    config = settings.kind_config
    if config is not None:
        choices[KIND_CONFIG] = f"{config.file}: {_shape(settings)}"
        choices[KIND_CONFIG_DIGEST] = config.digest
        if idle := "; ".join(_idle(config, path)):
            choices[IDLE_PATCHES] = idle
        if unfilled := ", ".join(unfilled_variables(config.text)):
            choices[UNFILLED] = (
                f"{unfilled}: kind takes them as they are written; fill them in before, for "
                "example with envsubst"
            )
        choices |= demands_of(config.text, has_command=bool(settings.after_create))
    if older := older_nodes(settings, path):
        choices["older-kubelets"] = ", ".join(f"{node.name} {node.version}" for node in older)
    if settings.after_create:
        choices[AFTER_CREATE] = described(settings.after_create)
    elif config is not None and config.lacks_network:
        choices["network-plugin"] = (
            "none, as the configuration has disableDefaultCNI: nodes do not become Ready until "
            "something installs one; name a command that does with --after-create"
        )
    return choices


def _idle(config: KindConfig, path: Path) -> Iterator[str]:
    """What of the patches of kubeadm's configuration does nothing, and why."""
    if left_out := idle_patches(config.text, path.versions[0]):
        yield f"kind leaves out {'; '.join(left_out)}"
    if unread := patches_without_reader(config.text):
        yield f"nothing reads {'; '.join(unread)}"


def _shape(settings: KindSettings) -> str:
    return f"{settings.control_planes} control plane(s), {settings.workers} worker(s)"


def ways_of_making(settings: KindSettings, path: Path) -> Iterator[str]:
    """How the cluster comes to be, in sentences and commands for the plan."""
    first, shape, config = path.versions[0], _shape(settings), settings.kind_config
    if settings.reuse_cluster:
        yield f"take over the kind cluster {settings.reuse_cluster} at {first}, with {shape}"
        if settings.nodes_assumed:
            yield "its nodes could not be counted (docker shows none), so these numbers are a guess"
    elif config is None:
        yield f"kind create cluster --image {settings.image_for(first)}: {shape}"
    else:
        yield f"kind create cluster --config {config.file}: {shape}"
        yield from _changed(settings, config, path)
    if settings.after_create:
        yield f"before the nodes must be Ready, run {shlex.join(settings.after_create)}"


def _changed(settings: KindSettings, config: KindConfig, path: Path) -> Iterator[str]:
    """What becomes of the configuration, and where its mounts come from."""
    older = older_nodes(settings, path)
    kept = {node.image for node in older}
    named = dict.fromkeys(node.image for node in config.nodes if node.image not in {"", *kept})
    in_place = f", in place of {', '.join(named)}" if named else ""
    yield f"its nodes get {settings.image_for(path.versions[0])}{in_place}"
    for node in older:
        yield f"{node.name} keeps {node.image}: a kubelet that is older than the API server"
    if config.name:
        yield f"its name {config.name!r} is not used: each pass has a name of its own"
    for mount in config.relative_mounts:
        there = (
            ""
            if is_there(config.folder / mount)
            else " (not there: docker makes an empty folder of it)"
        )
        yield f"mount {mount} is taken from the folder of {config.file}{there}"
    for mount in config.missing_mounts:
        yield f"mount {mount} is not there: docker makes an empty folder of it"
