"""What the words of a path mean: versions, and on kind the node images of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path as FilePath

from upgrade_e2e.format import duration
from upgrade_e2e.providers.kind import absent_images, older_nodes
from upgrade_e2e.providers.kind.resolving import (
    ChosenImage,
    ImageSources,
    NodeImage,
    choose_images,
    image_sources,
    is_open,
    newest_pair,
    source_of_pairs,
)
from upgrade_e2e.providers.sim import KNOWN_VERSIONS
from upgrade_e2e.run.providers import kind_settings
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade import Path
from upgrade_e2e.version import KubeVersion

__all__ = [
    "DEFAULT_PATH",
    "NEAREST_PATCH",
    "ResolvedWords",
    "WordResolver",
    "is_open",
    "older_images",
    "pull_sentence",
    "resolve_words",
]

DEFAULT_PATH = ("v1.33", "v1.34")
"""What a simulated cluster walks when no path is given."""
NEAREST_PATCH = "nearest-patch"
"""The choice in every artifact that says that another patch was walked than was asked for."""

# kindest/node v1.35.5 is 353 MB to transfer (a public CI's cache); our own images of the same
# content take 1.1 GB of docker's disk.
DOWNLOAD_GB = 0.4
DISK_GB = 1.0
SUPPORT_DOWNLOAD_GB = 0.06
SUPPORT_DISK_GB = 0.15
"""Measured on disk: python:3.11-slim 0.13 GB, nginx:stable 0.11 GB."""
LINE_MBIT_S = 50.0
"""Own choice: a slow home line, so that the time is rather too long than too short."""


@dataclass(frozen=True)
class ResolvedWords:
    """What each word came to, in order; `simulated` versions have no images."""

    chosen: tuple[ChosenImage, ...]
    simulated: bool = False

    @property
    def versions(self) -> tuple[KubeVersion, ...]:
        """The version of each word."""
        return tuple(one.image.version for one in self.chosen)

    @property
    def path(self) -> Path:
        """The path that they are; raises BadInput for one that cannot be walked."""
        return Path(self.versions)

    @property
    def images(self) -> Mapping[str, str]:
        """What docker is given for each version, pinned by digest where that is known."""
        if self.simulated:
            return {}
        return {str(one.image.version): one.image.reference for one in self.chosen}

    @property
    def to_pull(self) -> tuple[NodeImage, ...]:
        """The images that docker does not have yet."""
        return () if self.simulated else tuple(i.image for i in self.chosen if not i.image.here)

    @property
    def choices(self) -> Mapping[str, str]:
        """What every artifact must say about the path."""
        differences = "; ".join(one.difference for one in self.chosen if one.difference)
        return {NEAREST_PATCH: differences} if differences else {}

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a person must know: what words mean that leave it open, and what is pulled."""
        return () if self.simulated else tuple(filter(None, map(_sentence, self.chosen)))


@dataclass(frozen=True)
class WordResolver:
    """Finds what words mean for one provider; its sources are asked once."""

    sources: ImageSources
    simulated: bool = False
    nearest_patch: bool = False

    @classmethod
    def of(cls, settings: PassSettings) -> WordResolver:
        """The resolver for these settings; raises BadInput for an image catalogue that is none."""
        if settings.provider == "kind":
            sources = image_sources(kind_settings(settings, FilePath()))
            return cls(sources, nearest_patch=settings.nearest_patch)
        known = (_SimulatedVersions(),)
        return cls(ImageSources(known, known, unlisted=str), simulated=True)

    def resolve(self, words: Sequence[str]) -> ResolvedWords:
        """What the words of a path mean; raises as `resolve_words`."""
        for before, after in pairwise(words):
            if not (is_open(before) or is_open(after)):
                # No image makes a hop possible that Kubernetes does not support.
                Path((KubeVersion.parse(before), KubeVersion.parse(after)))
        chosen = choose_images(words, self.sources, nearest_patch=self.nearest_patch)
        return ResolvedWords(chosen, self.simulated)

    def default_path(self) -> tuple[str, ...]:
        """The words that are walked when no path is given.

        On kind these are the newest two neighbouring minors of the first source that has two.
        """
        if self.simulated:
            return DEFAULT_PATH
        return tuple(map(str, newest_pair(self.sources)))

    def open_versions(self) -> tuple[KubeVersion, ...]:
        """All versions of the source that the default path comes from."""
        return tuple(source_of_pairs(self.sources).versions())


def resolve_words(words: Sequence[str], settings: PassSettings) -> ResolvedWords:
    """What words of a path mean with these settings: full versions, bare minors, `latest`.

    Raises ImpossiblePath for full versions that no cluster can walk one after the other, and
    BadInput for a word that is no version and for what has no image, with the way out. Whether all
    of it is a path is looked at by `path` of what it returns.
    """
    return WordResolver.of(settings).resolve(words)


def older_images(path: Path, settings: PassSettings) -> tuple[NodeImage, ...]:
    """The node images that workers of the user's own configuration keep, as they are older."""
    older = older_nodes(kind_settings(settings, FilePath()), path)
    absent = absent_images([node.image for node in older])
    return tuple(
        NodeImage(node.version, node.image, "an older worker's", here=node.image not in absent)
        for node in older
    )


def pull_sentence(images: Sequence[NodeImage], support: Sequence[str] = ()) -> str:
    """What pulling these node images, and the images of workloads, costs; empty for none."""
    count = len({image.reference for image in images})
    named = [*([f"{count} node image{'' if count == 1 else 's'}"] if count else []), *support]
    if not named:
        return ""
    download_gb = count * DOWNLOAD_GB + len(support) * SUPPORT_DOWNLOAD_GB
    disk_gb = count * DISK_GB + len(support) * SUPPORT_DISK_GB
    took = duration(60 * max(1, round(download_gb * 8000 / LINE_MBIT_S / 60)))
    return (
        f"To be pulled: {', '.join(named)}; about {download_gb:.1f} GB to download, "
        f"{disk_gb:.1f} GB on disk, {took} at {LINE_MBIT_S:.0f} Mbit/s."
    )


def _sentence(one: ChosenImage) -> str:
    image = one.image
    if not image.known:
        return f"{image.version} is {image.source}; docker is asked for {image.reference}."
    pulled = "" if image.here else f", to be pulled, {DISK_GB:.1f} GB"
    if one.difference:
        return f"{one.difference}: {image.source}{pulled}."
    if one.asked != str(image.version):
        return f"{one.asked} is {image.version}: {image.source}{pulled}."
    return f"{image.version} is {image.source}{pulled}." if pulled else ""


@dataclass(frozen=True)
class _SimulatedVersions:
    """A simulated cluster can look like any version."""

    def versions(self) -> Sequence[KubeVersion]:
        return KNOWN_VERSIONS

    def find(self, version: KubeVersion) -> NodeImage:
        return NodeImage(version, "", "simulated", here=True)
