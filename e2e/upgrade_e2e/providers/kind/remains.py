"""What the provider makes outside of Kubernetes, by ledger kind, and how each is deleted."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import psutil

from upgrade_e2e.cluster import Role
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import CommandFailed, E2eError
from upgrade_e2e.providers.kind.docker import Container, Docker
from upgrade_e2e.providers.kind.etcd_alarm import take_back_left
from upgrade_e2e.providers.kind.freezer import thaw
from upgrade_e2e.providers.kind.leaving import delete_joined_node
from upgrade_e2e.providers.kind.ledger import Ledger, Swept
from upgrade_e2e.providers.kind.undoing import undo_faults
from upgrade_e2e.wait import Deadline, wait_for

__all__ = [
    "CLUSTER",
    "CONTAINER",
    "FOLDER",
    "IMAGE_NAME",
    "JOINED_NODE",
    "OURS",
    "REUSED_CLUSTER",
    "delete_cluster",
    "delete_folder",
    "deleters",
    "let_go_on",
    "scratch_container",
    "scratch_name",
    "sweep_dead",
]

CLUSTER = "kind-cluster"
REUSED_CLUSTER = "reused-kind-cluster"
CONTAINER = "docker-container"
FOLDER = "folder"
IMAGE_NAME = "docker-image-name"
JOINED_NODE = "joined-node"
_ADMIN_CONF = "/etc/kubernetes/admin.conf"
OURS = "app.kubernetes.io/managed-by=upgrade-e2e"
"""The label of everything that observers apply."""
_APPLIED = (
    "mutatingwebhookconfigurations,clusterrolebindings,clusterroles,namespaces",
    "validatingadmissionpolicybindings,validatingadmissionpolicies",
)
"""Kinds of what is in no namespace, and namespaces; old clusters lack those of the second line."""
_AT_ONCE = ("--ignore-not-found", "--wait=false", "--request-timeout=20s")
# A `docker run` whose client was killed may still bring its container to life a moment later.
_GONE = Deadline(within_s=180.0, every_s=0.5, in_a_row=2)


def deleters(host: Runner | None = None) -> Mapping[str, Callable[[str], None]]:
    """What deletes each kind of thing that this provider writes into the ledger, by name."""
    docker = Docker(host or Runner())
    return {
        CLUSTER: lambda name: delete_cluster(docker, name),
        CONTAINER: docker.remove,
        FOLDER: lambda name: delete_folder(Path(name)),
        IMAGE_NAME: docker.untag,
        REUSED_CLUSTER: lambda name: let_go_on(docker, name),
        JOINED_NODE: lambda name: delete_joined_node(docker, name),
    }


def sweep_dead() -> Swept:
    """Delete what passes of dead processes left behind."""
    return Ledger().sweep(deleters())


def delete_cluster(docker: Docker, name: str) -> None:
    """Remove all containers of a kind cluster, those that appear meanwhile included.

    A `kind create` that outlived its killed parent is ended first. The network `kind` stays, as
    with `kind delete cluster`: all clusters of the machine share it.
    """
    _end_creation(name)

    def remove_what_is_left() -> tuple[Container, ...]:
        left = docker.nodes_of(name)
        _unpause(docker, left)
        thaw(docker.ids_of(name))
        docker.remove(*(container.name for container in left))
        return left

    wait_for(
        f"the deletion of cluster {name!r}",
        remove_what_is_left,
        lambda left: not left,
        _GONE,
        transient=(CommandFailed,),
    )


def let_go_on(docker: Docker, name: str) -> None:
    """Let a cluster that stays go on without what a pass has left in it.

    Nodes that a fault has frozen or cut off go on, a leak ends, an alarm of etcd that a fault has
    raised is taken back, and snapshots of etcd and what observers applied are deleted. A pass that
    ends by itself has undone most of that; one whose process was killed could not. Raises
    CommandFailed for a node that lets no command in, and DeadlinePassed for an etcd that does not
    take back its alarm; what observers applied is deleted then too.
    """
    containers = docker.nodes_of(name)
    _unpause(docker, containers)
    nodes = [one for one in containers if one.role in set(Role) and (one.running or one.paused)]
    for node in nodes:
        undo_faults(docker.node(node.name))
    controls = [docker.node(one.name) for one in nodes if one.role == Role.CONTROL_PLANE.value]
    try:
        for inside in controls:  # once all are back: etcd takes nothing without most of its members
            take_back_left(inside, [other for other in controls if other is not inside])
    finally:
        for inside in controls[:1]:
            _delete_objects(inside)


def _delete_objects(inside: Runner) -> None:
    """Delete all with the label of observers; where the API server does not answer, nothing is."""
    for kinds in _APPLIED:
        argv = ("kubectl", "--kubeconfig", _ADMIN_CONF, "delete", kinds, "--selector", OURS)
        inside.run(*argv, *_AT_ONCE, timeout_s=60, check=False)


def _unpause(docker: Docker, containers: Iterable[Container]) -> None:
    for container in containers:
        if container.paused:
            docker.unpause(container.name)


def _end_creation(name: str) -> None:
    for process in psutil.process_iter(["cmdline"]):
        argv = process.info["cmdline"] or []
        if argv[1:3] == ["create", "cluster"] and Path(argv[0]).name == "kind" and name in argv:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def delete_folder(folder: Path) -> None:
    """Delete a folder with its content; one that is gone is fine."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise E2eError(f"{folder} cannot be deleted ({error.strerror}); delete it.") from error


@contextlib.contextmanager
def scratch_container(docker: Docker, ledger: Ledger, image: str) -> Iterator[str]:
    """A container of `image`, in the ledger, not started; removed when the context ends."""
    name = f"upgrade-e2e-scratch-{uuid.uuid4().hex[:8]}"
    with _claimed(ledger, CONTAINER, name, docker.remove):
        docker.create(name, image)
        yield name


@contextlib.contextmanager
def scratch_name(docker: Docker, ledger: Ledger, image: str) -> Iterator[str]:
    """One more name for an image, in the ledger; gone when the context ends."""
    name = f"upgrade-e2e/scratch:{uuid.uuid4().hex[:8]}"
    with _claimed(ledger, IMAGE_NAME, name, docker.untag):
        docker.tag(image, name)
        yield name


@contextlib.contextmanager
def _claimed(ledger: Ledger, kind: str, name: str, remove: Callable[[str], None]) -> Iterator[None]:
    """While in the context the ledger has this entry; then what it names is removed."""
    entry = ledger.claim(kind, name)
    try:
        yield
    finally:
        remove(name)
        ledger.release(entry)
