"""From the words of a path to versions and images; what the sources have is all that it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.resolving.source import (
    DockerSilent,
    ImageSource,
    NodeImage,
    NoNodeImage,
    SourceSilent,
)
from upgrade_e2e.version import KubeVersion, MinorVersion, newest_patch

__all__ = [
    "LATEST",
    "ChosenImage",
    "ImageSources",
    "choose_images",
    "is_open",
    "newest_pair",
    "source_of_pairs",
]

LATEST = "latest"
NEAREST_SHOWN = 3


@dataclass(frozen=True)
class ImageSources:
    """Where images come from, in the order of asking.

    `for_open_words` are asked what a bare minor or `latest` means, `for_versions` for the image of
    a version that was named in full. `unlisted` is the image of a version that no source could be
    asked about. `advice` says how to get images of a minor that no source has.
    """

    for_open_words: tuple[ImageSource, ...]
    for_versions: tuple[ImageSource, ...]
    unlisted: Callable[[KubeVersion], str]
    advice: Callable[[MinorVersion], str] = lambda _: ""


@dataclass(frozen=True)
class ChosenImage:
    """What one word of a path came to; `nearest` is true where another patch is walked."""

    asked: str
    image: NodeImage
    nearest: bool = False

    @property
    def difference(self) -> str:
        """For artifacts: that another patch is walked than was asked for; else empty."""
        return f"asked for {self.asked}, walked {self.image.version}" if self.nearest else ""


def choose_images(
    words: Sequence[str], sources: ImageSources, *, nearest_patch: bool = False
) -> tuple[ChosenImage, ...]:
    """The version and the image of each word of a path.

    A word is a full version, a bare minor (`v1.34`), or `latest`. Raises BadInput for a word that
    is none of these and for what no source has, with the way out.
    """
    chosen: list[ChosenImage] = []
    for word in words:
        before = chosen[-1].image.version if chosen else None
        chosen.append(_choose(word.strip(), before, sources, nearest_patch=nearest_patch))
    return tuple(chosen)


def is_open(word: str) -> bool:
    """Whether a word leaves the patch open: a bare minor or `latest`."""
    if word.strip().lower() == LATEST:
        return True
    try:
        MinorVersion.parse(word)
    except BadInput:
        return False
    return True


def newest_pair(sources: ImageSources) -> tuple[MinorVersion, MinorVersion]:
    """The newest two neighbouring minors of the first source that has two.

    Raises BadInput where no source has.
    """
    return _pairs(source_of_pairs(sources).versions())[-1]


def source_of_pairs(sources: ImageSources) -> ImageSource:
    """The first source that has two neighbouring minors; raises BadInput where none has."""
    silent: list[str] = []
    for source in sources.for_open_words:
        if _pairs(_versions(source, silent)):
            return source
    raise BadInput(
        "no two neighbouring minors have node images, so there is nothing to upgrade from and to; "
        f"name the path, and its images with --image-for VERSION=IMAGE.{_but(silent)}"
    )


def _pairs(versions: Sequence[KubeVersion]) -> list[tuple[MinorVersion, MinorVersion]]:
    minors = sorted({version.minor_version for version in _stable(versions)})
    return [(minor, minor.next()) for minor in minors if minor.next() in minors]


def _choose(
    word: str, before: KubeVersion | None, sources: ImageSources, *, nearest_patch: bool
) -> ChosenImage:
    if word.lower() == LATEST:
        return ChosenImage(word, _latest(before, sources))
    try:
        minor = MinorVersion.parse(word)
    except BadInput:
        return _exact(KubeVersion.parse(word), sources, nearest_patch=nearest_patch)
    return ChosenImage(str(minor), _newest_of(minor, sources))


def _latest(before: KubeVersion | None, sources: ImageSources) -> NodeImage:
    """The newest version of the first source that has one newer than what comes before."""
    silent: list[str] = []
    for source in sources.for_open_words:
        versions = _versions(source, silent)
        newer = [version for version in versions if before is None or version > before]
        if newer and (image := source.find(max(_stable(newer)))):
            return image
    than = f" newer than {before}" if before else ""
    raise NoNodeImage(
        f"no node image{than} is known, so `latest` means nothing here.{_but(silent)}",
        "Name the version, and its image with --image-for VERSION=IMAGE.",
    )


def _newest_of(minor: MinorVersion, sources: ImageSources) -> NodeImage:
    silent: list[str] = []
    known: set[MinorVersion] = set()
    for source in sources.for_open_words:
        versions = _versions(source, silent)
        known |= {version.minor_version for version in versions}
        if minor in known and (image := source.find(newest_patch(minor, list(versions)))):
            return image
    because = f", and {' and '.join(silent)}" if silent else ""
    raise NoNodeImage(
        f"no image is known for any patch of {minor} (known minors: {_listed(sorted(known))})"
        f"{because}.",
        sources.advice(minor) or f"Add an image with --image-for {minor}.N=IMAGE.",
    )


def _exact(version: KubeVersion, sources: ImageSources, *, nearest_patch: bool) -> ChosenImage:
    silent: list[SourceSilent] = []
    for source in sources.for_versions:
        try:
            image = source.find(version)
        except SourceSilent as reason:
            silent.append(reason)
            continue
        if image is not None:
            return ChosenImage(str(version), image)
    patches = _patches_near(version, sources)
    if patches and nearest_patch:
        return ChosenImage(str(version), patches[0], nearest=True)
    reasons = [str(reason) for reason in silent]
    if silent and (not patches or any(isinstance(reason, DockerSilent) for reason in silent)):
        unknown = f"not known to exist, because {' and '.join(reasons)}"
        return ChosenImage(
            str(version), NodeImage(version, sources.unlisted(version), unknown, known=False)
        )
    raise _no_image(version, patches, reasons, sources)


def _patches_near(version: KubeVersion, sources: ImageSources) -> list[NodeImage]:
    """The images of other patches, nearest first, and the newer one of two that are as near."""
    found: dict[KubeVersion, ImageSource] = {}
    for source in sources.for_versions:
        for other in _versions(source, []):
            if other.minor_version == version.minor_version:
                found.setdefault(other, source)
    order = sorted(
        found,
        key=lambda other: (bool(other.suffix), abs(other.patch - version.patch), -other.patch),
    )
    images = (found[other].find(other) for other in order[:NEAREST_SHOWN])
    return [image for image in images if image]


def _no_image(
    version: KubeVersion,
    patches: Sequence[NodeImage],
    silent: Sequence[str],
    sources: ImageSources,
) -> NoNodeImage:
    if patches:
        near = ", ".join(f"{image.version} ({image.source})" for image in patches)
        facts = f"The nearest patches that have one: {near}."
        way_out = (
            "Name one of them, let the nearest one be walked with --nearest-patch, or name an "
            f"image with --image-for {version}=IMAGE."
        )
    else:
        facts = f"No other patch of {version.minor_version} has one either."
        way_out = sources.advice(version.minor_version) or (
            f"Name an image with --image-for {version}=IMAGE."
        )
    return NoNodeImage(f"there is no node image of {version}. {facts}{_but(silent)}", way_out)


def _versions(source: ImageSource, silent: list[str]) -> Sequence[KubeVersion]:
    try:
        return source.versions()
    except SourceSilent as reason:
        silent.append(str(reason))
        return ()


def _stable(versions: Iterable[KubeVersion]) -> list[KubeVersion]:
    """The releases among them; all of them if none is one."""
    every = list(versions)
    return [version for version in every if not version.is_prerelease] or every


def _but(silent: Sequence[str]) -> str:
    return f" There may be more: {' and '.join(silent)}." if silent else ""


def _listed(minors: Sequence[MinorVersion]) -> str:
    return ", ".join(map(str, minors)) or "none"
