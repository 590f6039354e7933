"""Kubelets that are older than the API server: which there are, and whether policy allows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from upgrade_e2e.cluster import Role
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.upgrade import Path
from upgrade_e2e.version import KubeVersion

__all__ = ["MOST_OLDER", "OlderNode", "older_nodes", "require_skew_allowed"]

MOST_OLDER = 3
"""How many minor versions a kubelet may be older than an API server. kubeadm refuses an upgrade
after which one would be older than that."""
POLICY = "https://kubernetes.io/releases/version-skew-policy/"


@dataclass(frozen=True)
class OlderNode:
    """A node, by its short name, that begins at an older version and keeps its own image."""

    name: str
    version: KubeVersion
    image: str


def older_nodes(settings: KindSettings, path: Path) -> tuple[OlderNode, ...]:
    """The workers of the user's configuration that begin with an older kubelet than the path.

    A worker is older when its image is of an older version than those of the control planes of the
    same file. Where they are alike, or the version of an image does not show in its name, it is
    replaced as all the others are. Raises BadInput for what the version skew policy forbids.
    """
    if settings.kind_config is None:
        return ()
    found = tuple(_kept(settings, settings.kind_config, path.versions[0]))
    require_skew_allowed({node.name: node.version for node in found}, path)
    return found


def _kept(settings: KindSettings, config: KindConfig, first: KubeVersion) -> list[OlderNode]:
    named = [node.image for node in config.nodes if node.role is Role.CONTROL_PLANE]
    of_file = max(filter(None, map(settings.version_of, named)), default=first)
    kept = []
    for name, node in zip(config.short_names, config.nodes, strict=True):
        version = settings.version_of(node.image)
        same = version in {None, of_file, first} or node.image in named
        if node.role is Role.WORKER and version is not None and not same:
            kept.append(OlderNode(name, version, node.image))
    return kept


def require_skew_allowed(kubelets: Mapping[str, KubeVersion], path: Path) -> None:
    """Refuse, with BadInput, kubelets that do not go with the API servers of the first hop.

    `kubelets` are the versions at which nodes begin. They are taken to the first target after the
    API server, so that is the newest one that they must go with.
    """
    first, target = path.versions[:2]
    for name, version in kubelets.items():
        if version > first:
            raise BadInput(
                f"{name} begins with a kubelet of {version}, which is newer than the API server "
                f"({first}), and no kubelet may be newer than that ({POLICY}). Begin the path at "
                f"{version}, or give that node an older image."
            )
        older = target.minors_after(version)
        if older > MOST_OLDER:
            raise BadInput(
                f"{name} begins with a kubelet of {version}, {older} minor versions older than "
                f"{target}, to which the API server is brought first; a kubelet may be up to "
                f"{MOST_OLDER} minor versions older than the API server ({POLICY}). Give that "
                f"node an image of {target.major}.{target.minor - MOST_OLDER} or newer."
            )
