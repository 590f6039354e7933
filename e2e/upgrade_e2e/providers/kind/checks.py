"""What must be so before anything is created; each refusal says how to fix it."""

from __future__ import annotations

import shutil

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind.balancer import balancer_of
from upgrade_e2e.providers.kind.docker import Docker, Server
from upgrade_e2e.providers.kind.images import NodeImages
from upgrade_e2e.providers.kind.remains import CLUSTER
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.skew import older_nodes
from upgrade_e2e.upgrade import Path

__all__ = ["KIND_ENV", "preflight", "require_free_name"]

# Only docker is known here, whatever the user's environment says to kind.
KIND_ENV = (("KIND_EXPERIMENTAL_PROVIDER", "docker"),)
GIB = 2**30
NODE_GIB = 2.0
"""Measured: 1.6 GiB for a control plane after one hop, 1.2 GiB for a worker."""
IMAGE_GIB = 1.5
"""Own choice: a node image takes 1.1 GiB, and its archive is there while it is unpacked."""
HOP_GIB = 1.0
"""Measured: 0.7 GiB of staged programs and images, of images that are not compressed."""


SUPPORT = (
    "Name another one with --agent-image or --edge-image, or make it with ci/node-image/build "
    "--support."
)


def preflight(
    settings: KindSettings, docker: Docker, host: Runner, path: Path, images: NodeImages
) -> str:
    """Refuse, with BadInput, what cannot work on this machine; begin to pull what is missing.

    Returns the image of the load balancer, empty where none is needed or kind's is not known.
    """
    kind_version = _kind_version(host)
    server = docker.server()
    older = [(node.version, node.image) for node in older_nodes(settings, path)]
    nodes = images.missing(path, older)
    _require_space(settings, server, path, len(nodes))
    balancer = _balancer(settings, kind_version, images)
    others = dict.fromkeys(settings.preload_images, SUPPORT)
    if balancer:
        others = {balancer: "kind needs it to make several control planes.", **others}
    absent = {image: fix for image, fix in others.items() if not docker.has_image(image)}
    images.pulls.start({**nodes, **absent})
    images.pulls.wait_until_begun()
    return balancer


def _balancer(settings: KindSettings, kind_version: str, images: NodeImages) -> str:
    if settings.reuse_cluster or settings.control_planes == 1:
        return ""
    balancer = balancer_of(kind_version)
    if not balancer:
        images.pulls.marks.say(
            f"{kind_version} is not a release known here: if its load balancer's image is missing, "
            "kind pulls it, and how far that is does not show."
        )
    return balancer


def _kind_version(host: Runner) -> str:
    try:
        return host.run("kind", "version", timeout_s=30).stdout.strip()
    except CommandFailed as error:
        raise BadInput(
            "kind cannot be run; install it with `go install sigs.k8s.io/kind@v0.33.0` or from "
            f"https://kind.sigs.k8s.io, and put it on PATH (on Debian: ci/kind-host). {error}"
        ) from error


def require_free_name(settings: KindSettings, docker: Docker, name: str) -> None:
    """Refuse, with BadInput, a name that a cluster has already, whoever made it.

    This comes before the name is claimed: what is in the ledger is ours to delete.
    """
    settings.ledger.require_free(CLUSTER, name)
    if docker.nodes_of(name):
        raise BadInput(
            f"there is a kind cluster {name!r} already; delete it with `kind delete cluster "
            f"--name {name}`, upgrade it with --reuse-cluster {name}, or choose another name."
        )


def _require_space(settings: KindSettings, server: Server, path: Path, missing: int) -> None:
    nodes = 0 if settings.reuse_cluster else settings.control_planes + settings.workers
    needed_gib = nodes * NODE_GIB + len(path.hops) * HOP_GIB + missing * IMAGE_GIB
    if not server.root.is_dir():
        return  # the daemon is on another machine, or its folder may not be seen
    free_gib = shutil.disk_usage(server.root).free / GIB
    if free_gib < needed_gib:
        raise BadInput(
            f"docker's disk ({server.root}) has {free_gib:.1f} GiB free and this pass needs about "
            f"{needed_gib:.0f}; make room, for example with `docker system prune --volumes`."
        )
