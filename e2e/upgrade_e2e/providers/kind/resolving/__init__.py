"""How a version becomes a node image: sources, their order, and what a word of a path means."""

from __future__ import annotations

from upgrade_e2e.cluster.image_names import DOCKER_HUB
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.resolving.catalogue import Catalogue
from upgrade_e2e.providers.kind.resolving.reference import (
    ImageTemplate,
    Repository,
    split_reference,
)
from upgrade_e2e.providers.kind.resolving.registry import Registry
from upgrade_e2e.providers.kind.resolving.resolution import (
    ChosenImage,
    ImageSources,
    choose_images,
    is_open,
    newest_pair,
    source_of_pairs,
)
from upgrade_e2e.providers.kind.resolving.source import (
    ImageSource,
    NodeImage,
    NoNodeImage,
    SourceSilent,
)
from upgrade_e2e.providers.kind.resolving.sources import (
    GivenImages,
    LocalImages,
    PublishedImages,
    RegistryImages,
)
from upgrade_e2e.providers.kind.settings import KindSettings

__all__ = [
    "ChosenImage",
    "ImageSources",
    "NoNodeImage",
    "NodeImage",
    "Registry",
    "SourceSilent",
    "choose_images",
    "image_sources",
    "is_open",
    "newest_pair",
    "source_of_pairs",
    "split_reference",
]

_KIND_NODE = Repository(DOCKER_HUB, "kindest/node")


def image_sources(settings: KindSettings, docker: Docker | None = None) -> ImageSources:
    """The sources that these settings name; each is asked once, when it is needed.

    The order is: given by the user, on this machine, published for the installed kind, in the
    registry. The catalogue lists kindest/node, and holds for other templates where the user names
    one. What a registry's tags of kindest/node were built for is not known, so they are asked only
    for a version that is named in full. Raises BadInput for a catalogue that is none.
    """
    docker = docker or Docker()
    template = ImageTemplate(settings.image_template)
    catalogue = Catalogue.load(settings.image_catalogue)
    stock = template.repository == _KIND_NODE and template.has_plain_tags
    here: tuple[ImageSource, ...] = (
        GivenImages(settings.images, docker),
        LocalImages(template, docker, catalogue),
    )
    published = PublishedImages(template, catalogue, docker)
    listed = (published,) if stock or settings.image_catalogue else ()
    registry = RegistryImages(template, docker)
    return ImageSources(
        for_open_words=(*here, *listed, *(() if stock else (registry,))),
        for_versions=(*here, *listed, registry),
        unlisted=template.reference,
        advice=published.advice if listed else lambda _: "",
    )
