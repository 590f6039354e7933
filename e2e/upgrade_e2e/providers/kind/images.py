"""Node images: which are known, whether they are here, and whether their version is right."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.pulls import Pulls
from upgrade_e2e.providers.kind.remains import scratch_container
from upgrade_e2e.providers.kind.resolving.reference import ImageTemplate
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.upgrade import Path as UpgradePath
from upgrade_e2e.version import KubeVersion

__all__ = ["NodeImages", "known_versions"]

VERSION_FILE = "/kind/version"
_NOT_THERE = ("Could not find the file", "No such container:path")
"""What versions of docker say about a file that a container does not have."""
_log = logging.getLogger(__name__)


def known_versions(settings: KindSettings, docker: Docker | None = None) -> list[KubeVersion]:
    """Versions with a configured image, and those whose images are in the local docker.

    Empty where docker cannot be asked: a path of full versions can be planned without it.
    """
    found = set(settings.images)
    docker = docker or Docker()
    template = ImageTemplate(settings.image_template)
    if template.repository is not None:
        tags = _local_tags(docker, template.repository.familiar)
        found |= {version for tag in tags if (version := template.version_of(tag))}
    return sorted(found)


def _local_tags(docker: Docker, repository: str) -> list[str]:
    try:
        return docker.tags(repository)
    except CommandFailed as error:
        _log.debug("docker does not list its images: %s", error)
        return []


@dataclass
class NodeImages:
    """The node images of one pass; `pulls` brings those that are not on this machine."""

    settings: KindSettings
    docker: Docker
    pulls: Pulls
    _checked: set[tuple[KubeVersion, str]] = field(default_factory=set)

    def missing(
        self, path: UpgradePath, others: Sequence[tuple[KubeVersion, str]] = ()
    ) -> dict[str, str]:
        """The images of a path that are not on this machine, and what else can be done, by image.

        `others` are more node images of this pass, each with its version. Images that are here are
        looked into, as `require` does.
        """
        absent = {}
        of_path = [(version, self.settings.image_for(version)) for version in path.versions]
        for version, image in (*of_path, *others):
            if not self.docker.has_image(image):
                absent[image] = self._otherwise(version)
            else:
                self.require(version, image)
        return absent

    def require(self, version: KubeVersion, image: str = "") -> None:
        """Wait until the image of a version is here; make sure that it holds that version.

        `image` is another one than the settings have for that version. Raises as `Pulls.wait`, and
        BadInput for an image of another version than it was given for.
        """
        image = image or self.settings.image_for(version)
        self.pulls.wait(image)
        if (version, image) not in self._checked:
            self._check(version, image)
            self._checked.add((version, image))

    def note(self, version: KubeVersion) -> None:
        """Record that this pass uses the image of a version, which is here."""
        self.pulls.note(str(version), self.settings.image_for(version))

    def _check(self, version: KubeVersion, image: str) -> None:
        found = self._version_inside(image)
        if found is None:
            raise BadInput(
                f"{image} is no node image: it has no {VERSION_FILE}. Use a "
                "kindest/node-compatible image, made by `kind build node-image` or "
                "ci/node-image/build."
            )
        if found != str(version):
            raise BadInput(
                f"{image} was given for {version} but holds {found}: its kubelet would not be of "
                "the version that the API server is brought to. Correct --image-for, or ask for "
                f"{found}."
            )

    def _otherwise(self, version: KubeVersion) -> str:
        known = ", ".join(map(str, known_versions(self.settings, self.docker))) or "none"
        return (
            f"Versions with an image here: {known}. Name another image with --image-for "
            f"{version}=IMAGE, or make this one with ci/node-image/build {version}."
        )

    def _version_inside(self, image: str) -> str | None:
        with scratch_container(self.docker, self.settings.ledger, image) as container:
            into = self.settings.workdir / f"{container}.version"
            into.parent.mkdir(parents=True, exist_ok=True)
            try:
                return _read_version(self.docker, container, into)
            finally:
                into.unlink(missing_ok=True)


def _read_version(docker: Docker, container: str, into: Path) -> str | None:
    try:
        docker.copy_out(container, VERSION_FILE, into)
    except CommandFailed as error:
        if not any(words in error.output for words in _NOT_THERE):
            raise
        return None
    return into.read_text(encoding="utf-8").strip()
