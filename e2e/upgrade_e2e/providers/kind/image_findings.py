"""What the doctor says of node images: here, to be pulled, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.finding import GOOD, NOTE, PROBLEM, Finding
from upgrade_e2e.providers.kind.resolving import (
    ChosenImage,
    ImageSources,
    NodeImage,
    NoNodeImage,
    Registry,
    SourceSilent,
    choose_images,
    image_sources,
    is_open,
    split_reference,
)
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.version import KubeVersion

__all__ = ["node_image_findings"]


def node_image_findings(
    words: Sequence[str], settings: KindSettings, docker: Docker
) -> Iterator[Finding]:
    """A finding for each word; registries are asked for images that are not here.

    Raises BadInput for a word that is no version, no minor and not `latest`.
    """
    sources = image_sources(settings, docker)
    for word in words:
        try:
            chosen = choose_images([word], sources)[0]
        except NoNodeImage as reason:
            yield Finding(
                f"image {_named(word, sources)}", PROBLEM, reason.facts, _fix(word, reason)
            )
        else:
            yield _finding_of(chosen)


def _finding_of(chosen: ChosenImage) -> Finding:
    image = chosen.image
    name = image.reference.partition("@")[0]
    meant = "" if chosen.asked == str(image.version) else f"{chosen.asked} is {image.version}, "
    if image.here:
        return Finding(f"image {name}", GOOD, f"{meant}there")
    where = f"{meant}not on this machine; {image.source}"
    try:
        served = _served(image)
    except SourceSilent as reason:
        unknown = "whether docker can pull it is not known"
        found = f"{where}; {unknown}, because {reason}" if image.known else where
        return Finding(f"image {name}", NOTE, f"{found}; docker may have a mirror or a proxy")
    except BadInput as reason:
        return Finding(f"image {name}", PROBLEM, f"{where}; {reason}", _fix(str(image.version)))
    if not served:
        found = f"{where}, but {_host(image)} does not have it"
        return Finding(f"image {name}", PROBLEM, found, _fix(str(image.version)))
    return Finding(f"image {name}", NOTE, f"{where}, to be pulled from {_host(image)} ({served})")


def _served(image: NodeImage) -> str | None:
    """The digest under which its registry serves an image."""
    repository, tag = split_reference(image.reference)
    return Registry(repository).digest(tag)


def _host(image: NodeImage) -> str:
    return split_reference(image.reference)[0].host


def _named(word: str, sources: ImageSources) -> str:
    """The name of the image of a full version; of other words there is only the word."""
    return f"of {word}" if is_open(word) else sources.unlisted(KubeVersion.parse(word))


def _fix(word: str, reason: NoNodeImage | None = None) -> str:
    made = "" if is_open(word) else f"Make one with ci/node-image/build {word}."
    return " ".join(filter(None, (reason.way_out if reason else "", made)))
