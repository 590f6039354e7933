"""Which provider serves a request; the one place that knows them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from upgrade_e2e.errors import BadInput
from upgrade_e2e.options import PROVIDERS
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.providers.kind import (
    KindProvider,
    KindSettings,
    deleters,
    known_versions,
    what_is_missing,
)
from upgrade_e2e.providers.ledger import Ledger, Swept
from upgrade_e2e.providers.sim import KNOWN_VERSIONS, SimProvider, SimSettings
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade import Plan, resolve, with_faults
from upgrade_e2e.upgrade.faults import plantable_on
from upgrade_e2e.version import KubeVersion

__all__ = [
    "DEFAULT_PATH",
    "PROVIDERS",
    "Choice",
    "choose",
    "choose_provider",
    "is_simulated",
    "make_plan",
    "sweep_dead",
]


DEFAULT_PATH = ("v1.33", "v1.34")
"""What is walked when no path is given."""


@dataclass(frozen=True)
class Choice:
    """A provider that was chosen because the user named none; `why` is a sentence for them."""

    provider: str
    why: str


def choose(
    settings: PassSettings,
    paths: Sequence[Sequence[str]],
    lacking: Callable[[KindSettings, Sequence[str]], str] = what_is_missing,
) -> Choice:
    """Kind where it could walk all `paths` here and now, else the simulated cluster.

    What only kind can do asks for kind. Raises BadInput for a path that cannot be walked.
    """
    if _only_kind_has(settings):
        return Choice("kind", "This runs on kind, whose options these are.")
    if alien := {fault.name for fault in settings.faults} - plantable_on("kind"):
        why = f"This runs on a simulated cluster, because kind has no fault {min(alien)}."
        return Choice("sim", why)
    images = kind_settings(settings, FilePath())
    for words in paths:
        if missing := lacking(images, words):
            why = f"This runs on a simulated cluster, because {missing}; --provider kind insists."
            return Choice("sim", why)
    return Choice("kind", "This runs on kind: docker answers and has the node images.")


def _only_kind_has(settings: PassSettings) -> bool:
    """Whether an option is given that means nothing to a simulated cluster."""
    images = settings.node_images or settings.node_image != PassSettings().node_image
    return bool(settings.reuse_cluster or settings.fast_control_plane or images)


def choose_provider(settings: PassSettings, folder: FilePath) -> Provider:
    """A provider for one pass; `folder` takes its working files."""
    if settings.provider == "kind":
        return KindProvider(kind_settings(settings, folder))
    if settings.provider == "sim":
        return SimProvider(sim_settings(settings, folder))
    raise BadInput(
        f"there is no provider {settings.provider!r}; it is one of {', '.join(PROVIDERS)}."
    )


def sim_settings(settings: PassSettings, folder: FilePath) -> SimSettings:
    """The settings of the simulated cluster that a pass's settings mean."""
    if settings.fast_control_plane or settings.reuse_cluster:
        raise BadInput(
            "a simulated cluster has no API server flags and cannot be reused; leave out "
            "--fast-control-plane and --reuse-cluster, or use --provider kind."
        )
    return SimSettings(
        workdir=folder,
        control_planes=settings.control_planes,
        workers=settings.workers,
        keep=settings.keep != "never",
    )


def kind_settings(settings: PassSettings, folder: FilePath) -> KindSettings:
    """The settings of the kind provider that a pass's settings mean."""
    images = {KubeVersion.parse(text): name for text, name in settings.node_images.items()}
    return KindSettings(
        workdir=folder,
        control_planes=settings.control_planes,
        workers=settings.workers,
        images=images,
        image_template=settings.node_image,
        fast_control_plane=settings.fast_control_plane,
        keep=settings.keep,
        reuse_cluster=settings.reuse_cluster,
        preload_images=(settings.images.agent, settings.images.edge),
    )


def make_plan(words: Sequence[str], settings: PassSettings) -> Plan:
    """The plan for the path that `words` mean, faults included; touches nothing.

    Raises BadInput for what cannot work.
    """
    folder = FilePath()
    provider = choose_provider(settings, folder)
    known = list(KNOWN_VERSIONS)
    if settings.provider == "kind":
        known = known_versions(kind_settings(settings, folder))
    return with_faults(provider.plan(resolve(words, known)), settings.faults)


def sweep_dead() -> Swept:
    """Delete what passes of dead processes left behind, whichever provider made it."""
    return Ledger().sweep(deleters())


def is_simulated(provider: str) -> bool:
    """Whether clusters of this provider are simulated ones, which are no evidence."""
    return provider == "sim"
