"""Taking a target's programs and container images out of its node image."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.images import NodeImages
from upgrade_e2e.providers.kind.node_image import OpenedImage, differing, opened
from upgrade_e2e.providers.kind.oci import Descriptor, write_archive
from upgrade_e2e.providers.kind.remains import delete_folder, scratch_name
from upgrade_e2e.providers.kind.resolving.reference import split_reference
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.version import KubeVersion

__all__ = [
    "UPGRADE_CONFIG",
    "SavedImage",
    "Staged",
    "TakeOut",
    "by_digest",
    "is_control_plane_image",
    "short_name",
]

UPGRADE_CONFIG = "upgrade.yaml"
ON_CONTROL_PLANES_ONLY = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Staged:
    """What one hop needs on the nodes, as files on this machine.

    `programs` holds kubeadm, kubelet, kubectl and the UpgradeConfiguration. The archives hold
    only container images that the versions before did not have, and are None when there are none.
    """

    version: KubeVersion
    programs: Path
    everywhere: Path | None
    on_control_planes: Path | None
    images: tuple[str, ...]

    def discard(self) -> None:
        """Delete the files: the nodes have them."""
        delete_folder(self.programs)
        for archive in (self.everywhere, self.on_control_planes):
            if archive is not None:
                archive.unlink(missing_ok=True)


@dataclass(frozen=True)
class SavedImage:
    """An image to load onto nodes, as an archive.

    Where pods ask for it by digest, the image `inside` the archive gets the name `wanted`, by which
    the kubelet finds it; else both are empty.
    """

    archive: Path
    inside: str = ""
    wanted: str = ""


@dataclass
class TakeOut:
    """Opens one node image after the other; remembers what the images before held."""

    docker: Docker
    settings: KindSettings
    folder: Path
    images: NodeImages
    _present: dict[str, Descriptor] = field(default_factory=dict)
    _container: str = ""

    def list_source(self, version: KubeVersion) -> None:
        """Look at what the nodes have already."""
        with self._opened(version) as source:
            self._present.update(source.images())

    def save_source(self, version: KubeVersion) -> SavedImage:
        """An archive of all that a worker of `version` has, for nodes whose image is older."""
        copied = self.folder / f"{version}-source-content"
        copied.mkdir(parents=True)
        with self._opened(version) as source:
            inside = {
                name: found
                for name, found in source.images().items()
                if "@" not in name and not is_control_plane_image(name)
            }
            blobs = source.copy_blobs(copied)
        archive = self.folder / f"{version}-source.tar"
        write_archive(archive, blobs, inside)
        delete_folder(copied)
        return SavedImage(archive)

    def take_out(self, version: KubeVersion) -> Staged:
        """The programs of `version`, and its container images that differ."""
        self.images.note(version)
        programs = self.folder / str(version)
        programs.mkdir(parents=True, exist_ok=True)
        upgrade = self.settings.upgrade_text(version)
        (programs / UPGRADE_CONFIG).write_text(upgrade, encoding="utf-8")
        with self._opened(version) as image:
            image.copy_binaries(programs)
            return self._archive(version, programs, image)

    def save(self, image: str, into: Path) -> SavedImage:
        """Write an image of this machine as an archive."""
        self.images.pulls.note(image, image)
        if "@" not in image:
            self.docker.save(image, into)
            return SavedImage(into)
        # An archive of an image that is named by its digest holds no name at all.
        with scratch_name(self.docker, self.settings.ledger, image) as name:
            self.docker.save(name, into)
        return SavedImage(into, f"docker.io/{name}", by_digest(image))

    def interrupt(self) -> None:
        """Take the open container away, so that what works on it fails at once."""
        if self._container:
            # What opened it removes it too, and reports when that fails.
            with contextlib.suppress(CommandFailed):
                self.docker.remove(self._container)

    @contextlib.contextmanager
    def _opened(self, version: KubeVersion) -> Iterator[OpenedImage]:
        name = self.settings.image_for(version)
        with opened(self.docker, self.settings.ledger, name) as image:
            self._container = image.container
            try:
                yield image
            finally:
                self._container = ""

    def _archive(self, version: KubeVersion, programs: Path, image: OpenedImage) -> Staged:
        inside, wanted = image.images(), image.wanted(version)
        fresh = differing(wanted, inside, self._present)
        self._present.update({name: inside[name] for name in wanted})
        _log.debug("%s: %d of %d images differ", version, len(fresh), len(wanted))
        copied = self.folder / f"{version}-content"
        copied.mkdir()
        blobs = image.copy_blobs(copied) if fresh else copied

        def write(where: str, names: Sequence[str]) -> Path | None:
            archive = self.folder / f"{version}-{where}.tar"
            if names:
                write_archive(archive, blobs, {name: inside[name] for name in names})
            return archive if names else None

        controls = [name for name in fresh if is_control_plane_image(name)]
        rest = [name for name in fresh if not is_control_plane_image(name)]
        staged = Staged(
            version=version,
            programs=programs,
            everywhere=write("everywhere", rest),
            on_control_planes=write("control-planes", controls),
            images=wanted,
        )
        delete_folder(copied)
        return staged


def is_control_plane_image(image: str) -> bool:
    """Whether only control planes run this container image."""
    return short_name(image) in ON_CONTROL_PLANES_ONLY


def by_digest(image: str) -> str:
    """The name by which containerd has `python:3.11-slim@sha256:...`: in full, without the tag."""
    repository, digest = split_reference(image)
    return f"{repository}@{digest}"


def short_name(image: str) -> str:
    """`kube-apiserver` of `registry.k8s.io/kube-apiserver:v1.34.3`."""
    return image.rpartition("/")[2].partition(":")[0].partition("@")[0]
