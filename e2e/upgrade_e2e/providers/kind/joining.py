"""A node joins: a container of the target's image becomes one more worker of the cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.asking import items
from upgrade_e2e.cluster.image_names import ImageName
from upgrade_e2e.errors import DeadlinePassed, E2eError, FaultNotPlanted
from upgrade_e2e.providers.kind.admin import ADMIN_CONF
from upgrade_e2e.providers.kind.delivery import (
    IMPORT_S,
    import_images,
    preload,
    runner_of,
    write_file,
)
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.join_config import JOIN_CONFIG, KubeadmConf
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.providers.kind.network_faults import HELD, HOLD_KUBE_PROXY, NetworkFaults
from upgrade_e2e.providers.kind.node_container import addresses_like, run_arguments
from upgrade_e2e.providers.kind.node_image import CTR, NICE, parse_image_list
from upgrade_e2e.providers.kind.nodes import READY_S, wait_until_ready
from upgrade_e2e.providers.kind.pass_entries import PassEntries
from upgrade_e2e.providers.kind.remains import JOINED_NODE
from upgrade_e2e.providers.kind.step_time import StepTime
from upgrade_e2e.providers.kind.takeout import SavedImage
from upgrade_e2e.upgrade import Marks, Step
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["Joining"]

UP_S = 60.0
JOIN_S = 180.0
HELD_S = 60.0
_TOKEN = ("kubeadm", "--kubeconfig", ADMIN_CONF, "token")
"""The node's own kubeadm: what it writes is the same in every version."""
_KINDS = ("initContainers", "containers")


@dataclass(frozen=True)
class Joining:
    """What it takes for a node to join; `folder` takes an archive for as long as it is needed."""

    docker: Docker
    entries: PassEntries
    journal: Journal
    folder: Path
    faults: NetworkFaults

    def join(
        self, step: Step, cluster: Cluster, image: str, saved: Sequence[SavedImage], marks: Marks
    ) -> None:
        """Make a node of the node image `image` and wait until it is Ready at the step's version.

        `saved` are images that pods of the pass need. The container is in the ledger before it is
        there. Raises E2eError where the cluster has a node of that name, FaultNotPlanted where
        kube-proxy was to be held and never started.
        """
        time = StepTime.start(step)
        like = (*cluster.control_planes[:1], *cluster.upgraded_workers[:1])[-1]
        marks.mark("container")
        node = self._container(cluster, like, f"{cluster.name}-{step.node}", image)
        _wait_until_up(node, time.within(UP_S))
        with self.journal.of(step) as write:
            marks.mark("images")
            preload(saved, [node])
            self._bring_images(cluster, like, node, write)
            marks.mark("join")
            argv = ("kubeadm", "join", "--config", JOIN_CONFIG)
            with _token(cluster.control_planes[0]) as token:
                self._configure(like, node, token)
                runner_of(node).follow(*argv, on_line=write, timeout_s=time.within(JOIN_S))
        marks.mark("ready")
        wait_until_ready(cluster, node, step.params["version"], time.within(READY_S))
        if self.faults.hold_kube_proxy_s:
            _wait_until_held(node, time.within(HELD_S))

    def _container(self, cluster: Cluster, like: Node, name: str, image: str) -> Node:
        if any(one.name == name for one in self.docker.nodes_of(cluster.name)):
            raise E2eError(
                f"cluster {cluster.name} has a container {name} already, so that no node can join "
                "under this name; leave the new node out with --no-join-node."
            )
        self.entries.claim(JOINED_NODE, name)
        shown = self.docker.inspect(like.name)
        self.docker.run_container(*run_arguments(shown, name, image))
        node = Node(name, Role.WORKER, self.docker.node(name), joined=True)
        cluster.add(node)
        return node

    def _bring_images(
        self, cluster: Cluster, like: Node, node: Node, write: Callable[[str], None]
    ) -> None:
        """What pods of DaemonSets need there at once, and the node image does not have."""
        if not (lacking := _lacking(cluster, like, node)):
            return
        write(f"{', '.join(lacking)}: taken from {like.name}")
        archive = self.folder / f"{node.name}.tar"
        argv = (*NICE, *CTR, "images", "export", "-", *lacking)
        runner_of(like).run(*argv, timeout_s=IMPORT_S, stdout_file=archive)
        import_images(runner_of(node), archive)
        archive.unlink()

    def _configure(self, like: Node, node: Node, token: str) -> None:
        """Write its JoinConfiguration, and have kube-proxy held if that was planted."""
        text = runner_of(like).run("cat", JOIN_CONFIG, timeout_s=60).stdout
        conf = KubeadmConf.read(text, like.name)
        shown = self.docker.inspect(node.name)
        node_ip = addresses_like(shown, conf.node_ip) if conf.node_ip else ""
        document = conf.for_worker(node.name, node_ip, token)
        write_file(runner_of(node), JOIN_CONFIG, document)
        if held_s := self.faults.hold_kube_proxy_s:
            self.docker.run_detached(node.name, *HOLD_KUBE_PROXY, f"{held_s:g}")


@contextlib.contextmanager
def _token(control_plane: Node) -> Iterator[str]:
    """A token that lets nodes join, until the block ends."""
    runner = runner_of(control_plane)
    token = runner.run(*_TOKEN, "create", "--ttl", "15m", timeout_s=60).stdout.split()[-1]
    try:
        yield token
    finally:
        # Where the API does not answer now, its 15 minutes end it.
        runner.run(*_TOKEN, "delete", token.partition(".")[0], timeout_s=60, check=False)


def _wait_until_up(node: Node, within_s: float) -> None:
    wait_for(
        f"containerd on {node.name}",
        lambda: runner_of(node).run(*CTR, "version", timeout_s=30, check=False).returncode,
        lambda code: code == 0,
        Deadline(within_s, every_s=0.1),
    )


def _wait_until_held(node: Node, within_s: float) -> None:
    try:
        wait_for(
            f"kube-proxy on {node.name} to be held",
            lambda: runner_of(node).run("test", "-e", HELD, timeout_s=30, check=False).returncode,
            lambda code: code == 0,
            Deadline(within_s, every_s=0.2),
        )
    except DeadlinePassed as error:
        raise FaultNotPlanted(
            f"kube-proxy never started on {node.name}, so that it could not be held: {error}"
        ) from error


def _lacking(cluster: Cluster, like: Node, node: Node) -> list[str]:
    """The images of DaemonSets' pods that `like` has and `node` lacks."""
    pods = items(cluster, f"/api/v1/pods?fieldSelector=spec.nodeName%3D{like.name}")
    asked = {
        str(ImageName.parse(container["image"]).whole)
        for pod in pods
        if any(one["kind"] == "DaemonSet" for one in pod["metadata"].get("ownerReferences") or ())
        for kind in _KINDS
        for container in pod["spec"].get(kind) or ()
    }
    there, here = _images_on(like), _images_on(node)
    return sorted((asked & there) - here)


def _images_on(node: Node) -> frozenset[str]:
    listed = runner_of(node).run(*CTR, "images", "list", timeout_s=60).stdout
    return frozenset(parse_image_list(listed))
