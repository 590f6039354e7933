"""etcd on the control planes of a kubeadm cluster: its programs, and snapshots of it.

The programs come out of the image that the node's own etcd runs from, so they are of its version
and nothing is downloaded. They are run on the node, with the client certificate that kubeadm
made for health checks.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from upgrade_e2e.cluster.handle import Node
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import CommandFailed, E2eError

__all__ = [
    "FOLDER",
    "clean_node",
    "etcd_image",
    "fetch_snapshot",
    "prepare_node",
    "save_snapshot",
    "take_programs",
]

MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
FOLDER = "/var/lib/upgrade-e2e-backup"
"""What is made on a node, and deleted again: etcdctl, and the snapshot on its way out. Who
works next to others names a folder of their own."""
_CTR = ("ctr", "--namespace=k8s.io")
_BIN = "usr/local/bin"
_PKI = "/etc/kubernetes/pki/etcd"
_ACCESS = (
    # kubeadm lets etcd listen on 127.0.0.1, or on ::1 in a cluster of IPv6, and certifies the name.
    "--endpoints=https://localhost:2379",
    f"--cacert={_PKI}/ca.crt",
    f"--cert={_PKI}/healthcheck-client.crt",
    f"--key={_PKI}/healthcheck-client.key",
)
_QUICK_S = 30.0
_COPY_S = 120.0
_CAUGHT_UP_S = 10.0
"""A member that does not answer a read for so long has lost the others, or is being replaced."""
_ANY_KEY = "upgrade-e2e"


def etcd_image(node: Node) -> str:
    """The image of the node's etcd, by its static pod; raises E2eError where it has none."""
    asked = _runner(node).run("cat", MANIFEST, timeout_s=_QUICK_S, check=False)
    document: Any = yaml.safe_load(asked.stdout) if asked.returncode == 0 else None
    containers = ((document or {}).get("spec") or {}).get("containers") or [{}]
    image = containers[0].get("image")
    if not image:
        raise E2eError(
            f"{node.name} has no static pod of etcd in {MANIFEST}; backups are taken of an etcd "
            "that kubeadm runs on the control planes."
        )
    return str(image)


def take_programs(node: Node, names: Sequence[str], into: Path) -> str:
    """Copy programs out of the image of the node's etcd into a folder of this machine.

    Returns the image. Raises E2eError where the image lacks one of them.
    """
    image = etcd_image(node)
    into.mkdir(parents=True, exist_ok=True)
    with _mounted(node, image) as root:
        for name in names:
            _require(node, image, f"{root}/{_BIN}/{name}", name)
            target = into / name
            _runner(node).run("cat", f"{root}/{_BIN}/{name}", timeout_s=_COPY_S, stdout_file=target)
            target.chmod(0o755)
    return image


def prepare_node(node: Node, folder: str = FOLDER) -> None:
    """Put etcdctl where `save_snapshot` finds it; raises E2eError as `take_programs`."""
    image, runner = etcd_image(node), _runner(node)
    with _mounted(node, image) as root:
        _require(node, image, f"{root}/{_BIN}/etcdctl", "etcdctl")
        runner.run("mkdir", "-p", "-m", "700", folder, timeout_s=_QUICK_S)
        runner.run("cp", f"{root}/{_BIN}/etcdctl", f"{folder}/etcdctl", timeout_s=_COPY_S)


def save_snapshot(node: Node, timeout_s: float, folder: str = FOLDER) -> None:
    """Take a snapshot of the node's etcd; it stays there until `fetch_snapshot`.

    A snapshot is what this one member has, and one that was away may lack what the others have
    acknowledged. So it has to answer a linearizable read first, which it does only when it has
    caught up. Raises CommandFailed where etcd gives no answer or no snapshot in time.
    """
    runner, read_s = _runner(node), min(timeout_s, _CAUGHT_UP_S)
    read = ("get", _ANY_KEY, "--consistency=l", "--keys-only")
    runner.run(*_etcdctl(folder, read_s), *read, timeout_s=read_s + 5)
    save = ("snapshot", "save", f"{folder}/snapshot.db")
    runner.run(*_etcdctl(folder, timeout_s), *save, timeout_s=timeout_s + 5)


def fetch_snapshot(node: Node, into: Path, folder: str = FOLDER) -> None:
    """Copy the snapshot that was taken last to a file of this machine; raises CommandFailed.

    It holds every Secret of the cluster, so nobody else may read the file.
    """
    into.touch(mode=0o600)
    _runner(node).run("cat", f"{folder}/snapshot.db", timeout_s=_COPY_S, stdout_file=into)


def clean_node(node: Node, folder: str = FOLDER) -> None:
    """Delete what `prepare_node` and `save_snapshot` made; a node that is gone is fine.

    Raises CommandFailed where the node does not answer in time.
    """
    _runner(node).run("rm", "-rf", folder, timeout_s=_QUICK_S, check=False)


def _etcdctl(folder: str, timeout_s: float) -> tuple[str, ...]:
    return (f"{folder}/etcdctl", *_ACCESS, f"--command-timeout={timeout_s:g}s")


@contextlib.contextmanager
def _mounted(node: Node, image: str) -> Iterator[str]:
    """The files of an image, in a folder of the node, while in the context."""
    runner, root = _runner(node), f"/run/upgrade-e2e-etcd-{secrets.token_hex(4)}"
    runner.run("mkdir", "-p", root, timeout_s=_QUICK_S)
    try:
        runner.run(*_CTR, "images", "mount", image, root, timeout_s=_COPY_S)
        try:
            yield root
        finally:
            runner.run(*_CTR, "images", "unmount", "--rm", root, timeout_s=_QUICK_S)
    finally:
        runner.run("rmdir", root, timeout_s=_QUICK_S, check=False)


def _require(node: Node, image: str, path: str, name: str) -> None:
    try:
        _runner(node).run("test", "-f", path, timeout_s=_QUICK_S)
    except CommandFailed as error:
        raise E2eError(
            f"the image {image} of {node.name} has no {name} in /{_BIN}; name a folder that has "
            "etcd, etcdctl and etcdutl, as EtcdBackup(etcd_programs=FOLDER)."
        ) from error


def _runner(node: Node) -> Runner:
    if node.runner is None:
        raise E2eError(f"{node.name} has no way in, so no snapshot of its etcd can be taken.")
    return node.runner
