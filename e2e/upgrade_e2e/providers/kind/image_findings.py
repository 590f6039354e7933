"""What the doctor says of images: here, to be pulled, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.finding import GOOD, NOTE, PROBLEM, UNSURE, Finding
from upgrade_e2e.providers.kind.resolving import (
    ChosenImage,
    ImageSources,
    NoNodeImage,
    Registry,
    SourceSilent,
    choose_images,
    image_sources,
    is_open,
    newest_pair,
    split_reference,
)
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.version import KubeVersion

__all__ = ["node_image_findings", "support_image_finding"]

_TRY = (
    "docker pull {reference} shows it; without that registry: a mirror, {option}, or docker load "
    "(docs/registries.md)"
)


def node_image_findings(
    words: Sequence[str], settings: KindSettings, docker: Docker
) -> Iterator[Finding]:
    """A finding for each word, of a path in its order; registries are asked for what is not here.

    Without words, one for each version that is walked when no path is given. Raises BadInput for a
    word that is no version, no minor and not `latest`.
    """
    sources = image_sources(settings, docker)
    if not words:
        try:
            words = tuple(map(str, newest_pair(sources)))
        except BadInput as reason:
            yield Finding("node images", PROBLEM, str(reason))
    found: list[str] = []
    for word in words:
        try:
            chosen = choose_images([*found, word], sources)[-1]
        except NoNodeImage as reason:
            yield Finding(
                f"image {_named(word, sources)}", PROBLEM, reason.facts, _fix(word, reason)
            )
        else:
            found.append(word)
            yield _finding_of(chosen)


def support_image_finding(image: str, option: str, docker: Docker) -> Finding:
    """What is found of an image of workloads; `option` names another one."""
    if docker.has_image(image):
        return Finding(f"image {image}", GOOD, "there")
    return _absent(image, "not on this machine", option, f"name another with {option}")


def _finding_of(chosen: ChosenImage) -> Finding:
    image = chosen.image
    meant = "" if chosen.asked == str(image.version) else f"{chosen.asked} is {image.version}, "
    if image.here:
        return Finding(f"image {image.reference.partition('@')[0]}", GOOD, f"{meant}there")
    where = f"{meant}not on this machine; {image.source}"
    return _absent(image.reference, where, "--node-image", _fix(str(image.version)))


def _absent(reference: str, where: str, option: str, fix: str) -> Finding:
    """Whether docker can pull an image; `fix` is for one that its registry does not have."""
    name = f"image {reference.partition('@')[0]}"
    repository, tag = split_reference(reference)
    try:
        served = Registry(repository).digest(tag)
    except SourceSilent as reason:
        because = "" if str(reason) in where else f", because {reason}"
        found = f"{where}; whether docker can pull it is not known{because}"
        return Finding(name, UNSURE, found, _TRY.format(reference=reference, option=option))
    except BadInput as reason:
        return Finding(name, PROBLEM, f"{where}; {reason}", fix)
    if not served:
        return Finding(name, PROBLEM, f"{where}, but {repository.host} does not have it", fix)
    return Finding(name, NOTE, f"{where}, to be pulled from {repository.host} ({served})")


def _named(word: str, sources: ImageSources) -> str:
    """The name of the image of a full version; of other words there is only the word."""
    return f"of {word}" if is_open(word) else sources.unlisted(KubeVersion.parse(word))


def _fix(word: str, reason: NoNodeImage | None = None) -> str:
    made = "" if is_open(word) else f"Make one with ci/node-image/build {word}."
    return " ".join(filter(None, (reason.way_out if reason else "", made)))
