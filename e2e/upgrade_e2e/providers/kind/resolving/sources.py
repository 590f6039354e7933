"""The sources of node images: given by the user, on this machine, published, in a registry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.resolving.catalogue import Catalogue, PublishedRelease
from upgrade_e2e.providers.kind.resolving.reference import ImageTemplate
from upgrade_e2e.providers.kind.resolving.registry import Registry
from upgrade_e2e.providers.kind.resolving.source import DockerSilent, NodeImage
from upgrade_e2e.version import KubeVersion, MinorVersion

__all__ = ["GivenImages", "LocalImages", "PublishedImages", "RegistryImages", "has_image"]

_KIND_VERSION = re.compile(r"\bv?\d+\.\d+\.\d+[0-9A-Za-z.+-]*")


def has_image(docker: Docker, reference: str) -> bool:
    """Whether docker has an image; not where docker cannot be asked."""
    try:
        return docker.has_image(reference)
    except CommandFailed:
        return False


@dataclass(frozen=True)
class GivenImages:
    """What the user named for versions; no question is asked about it."""

    images: Mapping[KubeVersion, str]
    docker: Docker

    def versions(self) -> Sequence[KubeVersion]:
        """The versions that were named."""
        return tuple(self.images)

    def find(self, version: KubeVersion) -> NodeImage | None:
        """The image that was named."""
        name = self.images.get(version)
        if name is None:
            return None
        return NodeImage(version, name, f"{name} as given", here=has_image(self.docker, name))


@dataclass(frozen=True)
class LocalImages:
    """Images that docker has, by tag.

    One that was pulled by digest has no tag; the catalogue knows its version.
    """

    template: ImageTemplate
    docker: Docker
    catalogue: Catalogue

    def versions(self) -> Sequence[KubeVersion]:
        """The versions of all of them, without those whose tags say more, as `-amd64`."""
        return _plain(self._listed)

    def find(self, version: KubeVersion) -> NodeImage | None:
        """The image of this version, if docker has it."""
        if self.template.repository is None:
            name = self.template.reference(version)
            return self._here(version, "") if has_image(self.docker, name) else None
        return self._listed.get(version)

    @cached_property
    def _listed(self) -> dict[KubeVersion, NodeImage]:
        repository = self.template.repository
        if repository is None:
            return {}
        try:
            rows = self.docker.images(repository.familiar)
        except CommandFailed as error:
            raise DockerSilent("docker does not answer") from error
        by_tag: dict[KubeVersion, NodeImage] = {}
        by_digest: dict[KubeVersion, NodeImage] = {}
        for row in rows:
            if row.tag and (version := self.template.version_of(row.tag)):
                by_tag[version] = self._here(version, row.digest)
            elif not row.tag and (version := self.catalogue.version_of(row.digest)):
                by_digest[version] = self._here(version, row.digest, pinned=True)
        return {**by_digest, **by_tag}

    def _here(self, version: KubeVersion, digest: str, *, pinned: bool = False) -> NodeImage:
        name = self.template.reference(version, digest if pinned else "")
        return NodeImage(version, name, "on this machine", digest, here=True)


@dataclass(frozen=True)
class PublishedImages:
    """What the catalogue lists for the installed kind, and for the releases before it."""

    template: ImageTemplate
    catalogue: Catalogue
    docker: Docker

    def versions(self) -> Sequence[KubeVersion]:
        """What was published up to the installed release of kind."""
        return tuple({version: None for one in self._usable for version in one.images})

    def find(self, version: KubeVersion) -> NodeImage | None:
        """The image of this version: of the newest usable release, else of the next newer one."""
        for one in self._usable:
            if version in one.images:
                return self._image(version, one, self._remark)
        for one in reversed(self.catalogue.releases):
            if version in one.images:
                return self._image(version, one, f", newer than kind {self._kind} here")
        return None

    def advice(self, minor: MinorVersion) -> str:
        """How to get images of a minor that only newer releases of kind have; empty if none."""
        for one in reversed(self.catalogue.releases):
            if any(version.minor_version == minor for version in one.images):
                return (
                    f"Images of {minor} are published for kind {one.kind}; here is kind "
                    f"{self._kind}: install that release or a newer one."
                )
        return ""

    def _image(self, version: KubeVersion, release: PublishedRelease, remark: str) -> NodeImage:
        digest = release.images[version]
        name = self.template.reference(version, digest)
        source = f"published for kind {release.kind}{remark}"
        return NodeImage(version, name, source, digest, here=has_image(self.docker, name))

    @cached_property
    def _usable(self) -> tuple[PublishedRelease, ...]:
        return self.catalogue.not_newer_than(self._kind)

    @cached_property
    def _kind(self) -> KubeVersion | None:
        try:
            said = self.docker.host.run("kind", "version", timeout_s=30).stdout
        except CommandFailed:
            return None
        match = _KIND_VERSION.search(said)
        try:
            return KubeVersion.parse(match[0]) if match else None
        except BadInput:
            return None

    @property
    def _remark(self) -> str:
        """What must be said where the installed kind is not one that the catalogue knows."""
        if self._kind is None:
            return " (which kind is here is not known)"
        if all(one.kind != self._kind for one in self.catalogue.releases):
            return f" (kind {self._kind} here is not in the catalogue)"
        return ""


@dataclass(frozen=True)
class RegistryImages:
    """What a registry serves, pinned by digest."""

    template: ImageTemplate
    docker: Docker
    _asked: dict[str, Registry] = field(default_factory=dict, init=False)

    def versions(self) -> Sequence[KubeVersion]:
        """The versions that its tags name, without those whose tags say more, as `-amd64`."""
        return self._tagged

    def find(self, version: KubeVersion) -> NodeImage | None:
        """The image that the tag of this version is now."""
        repository = self.template.repository_of(version)
        registry = self._asked.setdefault(str(repository), Registry(repository))
        digest = registry.digest(self.template.tag(version))
        if digest is None:
            return None
        name = self.template.reference(version, digest)
        source = f"in the registry {repository.host}"
        return NodeImage(version, name, source, digest, here=has_image(self.docker, name))

    @cached_property
    def _tagged(self) -> tuple[KubeVersion, ...]:
        repository = self.template.repository
        if repository is None:
            return ()
        registry = self._asked.setdefault(str(repository), Registry(repository))
        found = (self.template.version_of(tag) for tag in registry.tags())
        return _plain(version for version in found if version)


def _plain(versions: Iterable[KubeVersion]) -> tuple[KubeVersion, ...]:
    return tuple(one for one in versions if not one.suffix or one.is_prerelease)
