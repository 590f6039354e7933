"""Node images: which are known, whether they are here, and whether their version is right."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.remains import scratch_container
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.upgrade import Path as UpgradePath
from upgrade_e2e.version import KubeVersion

__all__ = ["NodeImages", "known_versions"]

VERSION_FILE = "/kind/version"
_log = logging.getLogger(__name__)


def known_versions(settings: KindSettings, docker: Docker | None = None) -> list[KubeVersion]:
    """Versions with a configured image, and those whose images are in the local docker.

    Empty where docker cannot be asked: a path of full versions can be planned without it.
    """
    found = set(settings.images)
    docker = docker or Docker()
    repository, _, tag = settings.image_template.rpartition(":")
    if repository and "{version}" not in repository:
        pattern = re.compile(re.escape(tag).replace(re.escape("{version}"), "(.+)"))
        found |= {
            version
            for name in _local_tags(docker, repository)
            if (match := pattern.fullmatch(name)) and (version := _parse(match[1]))
        }
    return sorted(found)


def _local_tags(docker: Docker, repository: str) -> list[str]:
    try:
        return docker.tags(repository)
    except CommandFailed as error:
        _log.debug("docker does not list its images: %s", error)
        return []


def _parse(text: str) -> KubeVersion | None:
    try:
        return KubeVersion.parse(text)
    except BadInput:
        return None


@dataclass(frozen=True)
class NodeImages:
    """The node images of one pass."""

    settings: KindSettings
    docker: Docker

    def require(self, path: UpgradePath) -> None:
        """Make sure that the image of every version of `path` is here, and holds that version.

        Pulls what is missing. Raises BadInput, which says how to fix it, for an image that can be
        neither found nor pulled and for one that holds another version than it was given for.
        """
        for version in path.versions:
            self.require_one(version, self.settings.image_for(version))

    def require_one(self, version: KubeVersion, image: str) -> None:
        """Make sure of one image, as `require` does."""
        if not self.docker.has_image(image):
            self._pull(version, image)
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

    def _pull(self, version: KubeVersion, image: str) -> None:
        try:
            self.docker.pull(image)
        except CommandFailed as error:
            known = ", ".join(map(str, known_versions(self.settings, self.docker))) or "none"
            raise BadInput(
                f"the node image {image} of {version} is not on this machine and cannot be "
                f"pulled. Versions with an image here: {known}. Name another image with "
                f"--image-for {version}=IMAGE, or make this one with ci/node-image/build "
                f"{version}. docker said: {error.output.strip()[-300:]}"
            ) from error

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
        _log.debug("no version inside: %s", error)
        return None
    return into.read_text(encoding="utf-8").strip()
