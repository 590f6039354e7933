"""Names of images: the registry, the repository, and templates with a version in the tag."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from upgrade_e2e.cluster.image_names import DOCKER_HUB, ImageName
from upgrade_e2e.errors import BadInput
from upgrade_e2e.version import KubeVersion

__all__ = ["ImageTemplate", "Repository", "is_loopback", "split_reference"]

_HUB_API = "registry-1.docker.io"
_HUB_NAMES = {"", DOCKER_HUB, "index.docker.io", _HUB_API}
"""Registries that are Docker Hub; a name without a registry is of it too."""
_VERSION = "{version}"


@dataclass(frozen=True)
class Repository:
    """A repository in a registry: `host` as docker names it (docker.io), `name` without it."""

    host: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Read a name without tag, with docker's rules for names that leave the registry out."""
        registry = ImageName(text).registry
        host = DOCKER_HUB if registry in _HUB_NAMES else registry
        name = text.removeprefix(f"{registry}/")
        if host == DOCKER_HUB and "/" not in name:
            name = f"library/{name}"
        return cls(host, name)

    @property
    def familiar(self) -> str:
        """The name as docker lists it."""
        if self.host != DOCKER_HUB:
            return f"{self.host}/{self.name}"
        return self.name.removeprefix("library/")

    @property
    def url(self) -> str:
        """Where its registry serves the distribution API: http on loopback only."""
        host = _HUB_API if self.host == DOCKER_HUB else self.host
        return f"{'http' if is_loopback(self.host) else 'https'}://{host}/v2/"

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"


@dataclass(frozen=True)
class ImageTemplate:
    """A name of node images in which `{version}` stands for the version."""

    text: str

    @property
    def repository(self) -> Repository | None:
        """The repository of all versions; None where each version has one of its own."""
        name, tag = self._split()
        return Repository.parse(name) if _VERSION in tag and _VERSION not in name else None

    @property
    def has_plain_tags(self) -> bool:
        """Whether a tag is the version and nothing else, as those of kindest/node are."""
        return self._split()[1] == _VERSION

    def repository_of(self, version: KubeVersion) -> Repository:
        """The repository of one version."""
        return Repository.parse(self._split()[0].format(version=version))

    def reference(self, version: KubeVersion, digest: str = "") -> str:
        """The image of a version, pinned where a digest is given."""
        name = self.text.format(version=version)
        return f"{name}@{digest}" if digest else name

    def tag(self, version: KubeVersion) -> str:
        """The tag of a version; docker takes `latest` where none is named."""
        return self._split()[1].format(version=version) or "latest"

    def version_of(self, tag: str) -> KubeVersion | None:
        """The version that a tag stands for; None for a tag that is not of this template."""
        pattern = re.escape(self._split()[1]).replace(re.escape(_VERSION), "(.+)", 1)
        match = re.fullmatch(pattern, tag)
        if match is None:
            return None
        try:
            version = KubeVersion.parse(match[1])
        except BadInput:
            return None
        return version if self.tag(version) == tag else None

    def _split(self) -> tuple[str, str]:
        name = ImageName.parse(self.text)
        return name.repository, name.tag


def split_reference(text: str) -> tuple[Repository, str]:
    """The repository of an image, and its digest or else its tag."""
    name = ImageName.parse(text)
    return Repository.parse(name.repository), name.digest or name.tag or "latest"


def is_loopback(host: str) -> bool:
    """Whether a registry, with or without a port, is on this machine."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"
