"""Taking the targets' binaries and container images out of their node images, in the background."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from e2e.errors import BadInput, CommandFailed
from e2e.providers.kind.config import upgrade_config
from e2e.providers.kind.docker import Docker
from e2e.providers.kind.opened import OpenedImage, differing, opened
from e2e.providers.kind.remains import delete_folder
from e2e.providers.kind.settings import KindSettings
from e2e.version import KubeVersion

__all__ = ["UPGRADE_CONFIG", "Staged", "Staging", "is_control_plane_image", "short_name"]

UPGRADE_CONFIG = "upgrade.yaml"
ON_CONTROL_PLANES_ONLY = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
TAKE_OUT_S = 900.0
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


@dataclass
class Staging:
    """The background work of one pass: one thing at a time, at low priority."""

    docker: Docker
    settings: KindSettings
    folder: Path
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="staging")
    )
    _preloads: list[Future[Path]] = field(default_factory=list)
    _targets: dict[KubeVersion, Future[Staged]] = field(default_factory=dict)
    _present: dict[str, str] = field(default_factory=dict)
    _container: str = ""

    def start(self, source: KubeVersion, targets: Sequence[KubeVersion]) -> None:
        """Begin: the images to preload, then each target in the order of the path."""
        for number, image in enumerate(self.settings.preload_images):
            into = self.folder / f"preload-{number}.tar"
            self._preloads.append(self._pool.submit(self._save, image, into))
        if targets:
            listing = self._pool.submit(self._list_source, source)
            for version in targets:
                self._targets[version] = self._pool.submit(self._take_out, version, listing)

    def preloads(self) -> list[Path]:
        """The archives of the images to preload; waits for them."""
        return [future.result(TAKE_OUT_S) for future in self._preloads]

    def target(self, version: KubeVersion) -> Staged:
        """What was taken out for `version`; waits for it, raises what went wrong."""
        if version not in self._targets:
            raise BadInput(f"the plan of this pass has no step that stages {version}.")
        return self._targets[version].result(TAKE_OUT_S)

    def stop(self) -> None:
        """Begin nothing more, and end the work that is under way by taking its container away."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._container:
            self.docker.remove(self._container)
        self._pool.shutdown(wait=True)

    def _save(self, image: str, into: Path) -> Path:
        if not self.docker.has_image(image):
            try:
                self.docker.pull(image)
            except CommandFailed as error:
                raise BadInput(
                    f"the image {image} is not on this machine and cannot be pulled; name "
                    "another one, or make it with ci/node-image/build. docker said: "
                    f"{error.output.strip()[-300:]}"
                ) from error
        self.docker.save(image, into)
        return into

    def _list_source(self, version: KubeVersion) -> None:
        with self._opened(version) as source:
            self._present.update(source.images())

    @contextlib.contextmanager
    def _opened(self, version: KubeVersion) -> Iterator[OpenedImage]:
        name = self.settings.image_for(version)
        with opened(self.docker, self.settings.ledger, name) as image:
            self._container = image.container
            try:
                yield image
            finally:
                self._container = ""

    def _take_out(self, version: KubeVersion, listing: Future[None]) -> Staged:
        listing.result()
        programs = self.folder / str(version)
        programs.mkdir(parents=True, exist_ok=True)
        (programs / UPGRADE_CONFIG).write_text(upgrade_config(version), encoding="utf-8")
        with self._opened(version) as image:
            image.copy_binaries(programs)
            return self._export(version, programs, image)

    def _export(self, version: KubeVersion, programs: Path, image: OpenedImage) -> Staged:
        inside, wanted = image.images(), image.wanted(version)
        fresh = differing(wanted, inside, self._present)
        split = {
            "everywhere": [name for name in fresh if not is_control_plane_image(name)],
            "control-planes": [name for name in fresh if is_control_plane_image(name)],
        }
        archives: dict[str, Path | None] = {}
        for where, names in split.items():
            archive = self.folder / f"{version}-{where}.tar"
            archives[where] = archive if names else None
            if names:
                image.export(names, archive)
        self._present.update({name: inside[name] for name in wanted})
        _log.debug("staged %s: %d of %d images differ", version, len(fresh), len(wanted))
        return Staged(version, programs, archives["everywhere"], archives["control-planes"], wanted)


def is_control_plane_image(image: str) -> bool:
    """Whether only control planes run this container image."""
    return short_name(image) in ON_CONTROL_PLANES_ONLY


def short_name(image: str) -> str:
    """`kube-apiserver` of `registry.k8s.io/kube-apiserver:v1.34.4`."""
    return image.rpartition("/")[2].partition(":")[0].partition("@")[0]
