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
    "clean_node",
    "etcd_image",
    "fetch_snapshot",
    "prepare_node",
    "save_snapshot",
    "take_programs",
]

MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
FOLDER = "/var/lib/upgrade-e2e-backup"
"""What is made on a node, and deleted again: etcdctl, and the snapshot on its way out."""
_CTR = ("ctr", "--namespace=k8s.io")
_BIN = "usr/local/bin"
_PKI = "/etc/kubernetes/pki/etcd"
_ACCESS = (
    "--endpoints=https://127.0.0.1:2379",
    f"--cacert={_PKI}/ca.crt",
    f"--cert={_PKI}/healthcheck-client.crt",
    f"--key={_PKI}/healthcheck-client.key",
)
_QUICK_S = 30.0
_COPY_S = 120.0


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


def prepare_node(node: Node) -> None:
    """Put etcdctl where `save_snapshot` finds it; raises E2eError as `take_programs`."""
    image, runner = etcd_image(node), _runner(node)
    with _mounted(node, image) as root:
        _require(node, image, f"{root}/{_BIN}/etcdctl", "etcdctl")
        runner.run("mkdir", "-p", FOLDER, timeout_s=_QUICK_S)
        runner.run("cp", f"{root}/{_BIN}/etcdctl", f"{FOLDER}/etcdctl", timeout_s=_COPY_S)


def save_snapshot(node: Node, timeout_s: float) -> None:
    """Take a snapshot of the node's etcd; it stays there until `fetch_snapshot`.

    Raises CommandFailed where etcd gives none in time.
    """
    argv = (f"{FOLDER}/etcdctl", *_ACCESS, f"--command-timeout={timeout_s:g}s")
    _runner(node).run(*argv, "snapshot", "save", f"{FOLDER}/snapshot.db", timeout_s=timeout_s + 5)


def fetch_snapshot(node: Node, into: Path) -> None:
    """Copy the snapshot that was taken last to a file of this machine; raises CommandFailed."""
    _runner(node).run("cat", f"{FOLDER}/snapshot.db", timeout_s=_COPY_S, stdout_file=into)


def clean_node(node: Node) -> None:
    """Delete what `prepare_node` and `save_snapshot` made; a node that is gone is fine."""
    _runner(node).run("rm", "-rf", FOLDER, timeout_s=_QUICK_S, check=False)


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
