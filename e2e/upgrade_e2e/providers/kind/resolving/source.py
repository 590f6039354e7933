"""What a source of node images is, and the image that it offers for a version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from upgrade_e2e.errors import BadInput
from upgrade_e2e.version import KubeVersion

__all__ = ["DockerSilent", "ImageSource", "NoNodeImage", "NodeImage", "SourceSilent"]


class SourceSilent(BadInput):
    """A source cannot be asked at the moment, so what it has is not known."""


class DockerSilent(SourceSilent):
    """Docker cannot be asked, so any image may be on this machine."""


@dataclass(frozen=True)
class NodeImage:
    """The image of one version.

    `reference` is what docker is given, with the digest where it is known before; `digest` is
    empty where it is not. `source` says where it comes from, as part of a sentence. `here` is true
    for an image that docker has already, and `known` false for one that may not exist.
    """

    version: KubeVersion
    reference: str
    source: str
    digest: str = ""
    here: bool = False
    known: bool = True


class NoNodeImage(BadInput):
    """No source has an image of a version: the facts, and the way out, as sentences."""

    def __init__(self, facts: str, way_out: str) -> None:
        self.facts = facts
        self.way_out = way_out
        super().__init__(f"{facts} {way_out}")


class ImageSource(Protocol):
    """A place that has images of some versions; either method raises SourceSilent."""

    def versions(self) -> Sequence[KubeVersion]:
        """What a word that leaves the choice open may mean here."""

    def find(self, version: KubeVersion) -> NodeImage | None:
        """The image of exactly this version."""
