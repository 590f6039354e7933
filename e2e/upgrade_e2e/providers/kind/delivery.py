"""Bringing staged files and container images onto the nodes, all nodes at once."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from upgrade_e2e.cluster import Node, Role
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.node_image import CTR, NICE, parse_image_list
from upgrade_e2e.providers.kind.takeout import SavedImage, Staged, is_control_plane_image
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline, wait_for

__all__ = [
    "IMPORT_S",
    "STAGE_ROOT",
    "deliver",
    "import_images",
    "on_all",
    "preload",
    "runner_of",
    "staged_file",
    "wait_until_up",
    "write_file",
]

STAGE_ROOT = "/kind/upgrade"
IMPORT_S = 600.0
# kind makes the containers within seconds; pulling its load balancer's image may come before.
_COMING_UP = Deadline(within_s=480.0, every_s=0.3)


def staged_file(version: KubeVersion | str, name: str) -> str:
    """Where a staged file of a version lies on every node."""
    return f"{STAGE_ROOT}/{version}/{name}"


def runner_of(node: Node) -> Runner:
    """Runs commands on a node; every node of this provider has a way in."""
    if node.runner is None:
        raise BadInput(f"{node.name} has no way in; it is not a node of a kind cluster.")
    return node.runner


def on_all(nodes: Sequence[Node], work: Callable[[Node], None]) -> None:
    """Do the same on all nodes at once; raises the first error.

    An interruption is not held up by nodes that are still at work: their commands end when the
    containers are deleted.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, len(nodes)), thread_name_prefix="node")
    try:
        for future in [pool.submit(work, node) for node in nodes]:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def wait_until_up(nodes: Sequence[Node], stopped: threading.Event) -> None:
    """Wait until containerd answers on every node, or until `stopped` is set (raises Hopeless)."""
    for node in nodes:
        answer = functools.partial(runner_of(node).run, *CTR, "version", timeout_s=30, check=False)
        wait_for(
            f"containerd on {node.name}",
            answer,
            lambda output: output.returncode == 0,
            _COMING_UP,
            hopeless=lambda _: "the pass was stopped" if stopped.is_set() else None,
        )


def deliver(docker: Docker, staged: Staged, nodes: Sequence[Node]) -> None:
    """Put a target's programs and images onto every node, and read back that they are there."""

    def one(node: Node) -> None:
        inside = runner_of(node)
        folder = f"{STAGE_ROOT}/{staged.version}"
        inside.run("mkdir", "-p", folder, timeout_s=60)
        docker.copy_in(f"{staged.programs}/.", node.name, folder)
        controls = node.role is Role.CONTROL_PLANE
        archives = [staged.everywhere, staged.on_control_planes if controls else None]
        for archive in archives:
            if archive is not None:
                import_images(inside, archive)
        wanted = [name for name in staged.images if controls or not is_control_plane_image(name)]
        _check_present(node, wanted)

    on_all(nodes, one)


def preload(images: Sequence[SavedImage], nodes: Sequence[Node]) -> None:
    """Load images onto every node, under the names that pods ask for."""

    def one(node: Node) -> None:
        inside = runner_of(node)
        for image in images:
            import_images(inside, image.archive)
            if image.wanted:
                argv = (*CTR, "images", "tag", "--force", image.inside, image.wanted)
                inside.run(*argv, timeout_s=60)
                inside.run(*CTR, "images", "remove", image.inside, timeout_s=60)

    on_all(nodes, one)


def import_images(inside: Runner, archive: Path) -> None:
    """Import an archive into a node's containerd, unpacked so that pods start at once."""
    argv = (*NICE, *CTR, "images", "import", "--all-platforms", "-")
    inside.run(*argv, timeout_s=IMPORT_S, stdin_file=archive)


def _check_present(node: Node, wanted: Sequence[str]) -> None:
    output = runner_of(node).run(*CTR, "images", "list", timeout_s=60)
    missing = sorted(set(wanted) - parse_image_list(output.stdout).keys())
    if missing:
        raise BadInput(
            f"{node.name} still lacks {', '.join(missing)} after the import; check the target's "
            "node image and the space left on docker's disk."
        )


def write_file(runner: Runner, path: str, content: str) -> None:
    """Write a file on a node, keeping the mode of one that is there."""
    runner.run("tee", path, timeout_s=60, stdin=content)
