"""What a kind configuration demands that is not in it: somebody else has to see to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrade_e2e.cluster.kubeadm_config import argument_values
from upgrade_e2e.providers.kind.own_patches import merge_patches

__all__ = ["demands_of"]

_PULLS = "AlwaysPullImages"
_PLUGINS = "enable-admission-plugins"


def demands_of(text: str, *, has_command: bool) -> dict[str, str]:
    """Each demand by a short name, with what to do; `has_command` is whether one runs after create.

    `text` is a kind configuration that has been checked.
    """
    found: dict[str, str] = {}
    for patch in merge_patches(text):
        if patch.get("serverTLSBootstrap") is True and not has_command:
            found["serving-certificates"] = (
                "kubelets ask for theirs (serverTLSBootstrap) and nobody approves them: kubectl "
                "exec and logs do not work until then, and the pass does not begin; approve them "
                "with --after-create, or leave it out"
            )
        if _PULLS in _admission_plugins(patch):
            found["image-pulls"] = (
                f"each pod asks the registry of its image ({_PULLS}), also for images that are on "
                "the nodes: those of --agent-image and --edge-image must be served to the nodes"
            )
    return found


def _admission_plugins(patch: Mapping[str, Any]) -> list[str]:
    """The plugins that a patch enables in the API server."""
    server = patch.get("apiServer")
    given = argument_values(server, _PLUGINS) if isinstance(server, Mapping) else ()
    return [plugin for value in given for plugin in value.split(",")]
