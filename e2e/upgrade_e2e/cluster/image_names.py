"""Names of container images, taken apart."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DOCKER_HUB", "ImageName"]

DOCKER_HUB = "docker.io"


@dataclass(frozen=True)
class ImageName:
    """A name such as `127.0.0.1:5000/dns/coredns:v1.12.1@sha256:1f...`.

    `repository` is what stands before tag and digest, registry included. An image that has no name,
    only an ID (`sha256:1f...`), has an empty repository and that ID as `digest`.
    """

    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """Take a name apart; a colon before the last slash belongs to the registry's port."""
        if text.startswith("sha256:"):
            return cls("", digest=text)
        name, _, digest = text.partition("@")
        folder, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        return cls(f"{folder}{slash}{last}", tag, digest)

    @property
    def base(self) -> str:
        """`coredns` of `mirror.test/dns/coredns:v1.12.1`."""
        return self.repository.rpartition("/")[2]

    @property
    def version(self) -> str:
        """The tag; the digest of an image that has none."""
        return self.tag or self.digest

    @property
    def registry(self) -> str:
        """`127.0.0.1:5000`; empty where the name leaves the registry out.

        As docker reads a name, its first part is a registry when it has a dot or a port.
        """
        first, slash, _ = self.repository.partition("/")
        is_host = "." in first or ":" in first or first == "localhost"
        return first if slash and is_host else ""

    @property
    def whole(self) -> ImageName:
        """The name as container runtimes list it: that of Docker Hub has its registry in it."""
        if not self.repository or self.registry:
            return self
        library = "" if "/" in self.repository else "library/"
        return ImageName(f"{DOCKER_HUB}/{library}{self.repository}", self.tag, self.digest)

    def __str__(self) -> str:
        if not self.repository:
            return self.digest
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"
