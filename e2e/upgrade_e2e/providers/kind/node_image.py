"""A node image opened up: a container of it with containerd running, to take things out of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.ledger import Ledger
from upgrade_e2e.providers.kind.oci import Descriptor
from upgrade_e2e.providers.kind.remains import scratch_container
from upgrade_e2e.version import KubeVersion
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["BINARIES", "CTR", "NICE", "OpenedImage", "differing", "opened", "parse_image_list"]

BINARIES = ("kubeadm", "kubelet", "kubectl")
CTR = ("ctr", "--namespace=k8s.io")
# taking things out runs next to the creation of the cluster and must not starve it.
NICE = ("nice", "-n", "19")
CONTENT = "/var/lib/containerd/io.containerd.content.v1.content/blobs"
_STARTING = Deadline(within_s=60.0, every_s=0.1)


@dataclass(frozen=True)
class OpenedImage:
    """A running container of a node image; `inside` runs commands in it."""

    docker: Docker
    image: str
    container: str
    inside: Runner

    def images(self) -> dict[str, Descriptor]:
        """The container images in it, by name."""
        listed = self.inside.run(*CTR, "images", "list", timeout_s=60)
        return parse_image_list(listed.stdout)

    def wanted(self, version: KubeVersion) -> tuple[str, ...]:
        """The container images that its kubeadm needs for `version`.

        Raises BadInput when one of them is not in the image: kubeadm would pull it.
        """
        argv = ("kubeadm", "config", "images", "list", "--kubernetes-version", str(version))
        names = tuple(self.inside.run(*argv, timeout_s=60).stdout.split())
        missing = sorted(set(names) - self.images().keys())
        if missing:
            raise BadInput(
                f"{self.image} lacks {', '.join(missing)}, which kubeadm {version} needs; "
                "use a node image that holds them, as those of kind and ci/node-image/build do."
            )
        return names

    def copy_binaries(self, into: Path) -> None:
        """Copy kubeadm, kubelet and kubectl into a folder."""
        for name in BINARIES:
            self.docker.copy_out(self.container, f"/usr/bin/{name}", into)

    def copy_blobs(self, into: Path) -> Path:
        """Copy the content that its images are made of; returns the folder, named by digests."""
        self.docker.copy_out(self.container, CONTENT, into)
        return into / "blobs"


@contextlib.contextmanager
def opened(docker: Docker, ledger: Ledger, image: str) -> Iterator[OpenedImage]:
    """Open a node image; everything is gone when the context ends."""
    with scratch_container(docker, ledger, image) as container:
        docker.start(container)
        inside = docker.node(container)
        docker.run_detached(container, *NICE, "containerd")
        wait_for(
            f"containerd in a container of {image}",
            lambda: inside.run(*CTR, "version", timeout_s=30, check=False).returncode,
            lambda code: code == 0,
            _STARTING,
        )
        yield OpenedImage(docker, image, container, inside)


def parse_image_list(text: str) -> dict[str, Descriptor]:
    """Read `ctr images list`, without the entries that are named by digest."""
    rows = [line.split() for line in text.splitlines()[1:] if line.strip()]
    return {row[0]: Descriptor(row[1], row[2]) for row in rows if not row[0].startswith("sha256:")}


def differing(
    wanted: Sequence[str], new: Mapping[str, Descriptor], old: Mapping[str, Descriptor]
) -> list[str]:
    """The wanted names whose content in `new` is not the same in `old`."""
    return [name for name in wanted if old.get(name) != new[name]]
