"""The providers by name, and how the settings of a pass become settings of a provider."""

from __future__ import annotations

from pathlib import Path

from upgrade_e2e.errors import BadInput
from upgrade_e2e.options import PROVIDERS
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.providers.sim import SimProvider, SimSettings
from upgrade_e2e.run.kind_only import refuse_on_sim
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.version import KubeVersion

__all__ = ["is_simulated", "kind_settings", "make_provider", "sim_settings"]


def make_provider(settings: PassSettings, folder: Path) -> Provider:
    """A provider for one pass; `folder` takes its working files."""
    if settings.provider == "kind":
        return KindProvider(kind_settings(settings, folder))
    if settings.provider == "sim":
        return SimProvider(sim_settings(settings, folder))
    raise BadInput(
        f"there is no provider {settings.provider!r}; it is one of {', '.join(PROVIDERS)}."
    )


def sim_settings(settings: PassSettings, folder: Path) -> SimSettings:
    """The settings of the simulated cluster that a pass's settings mean.

    Raises BadInput for options that mean nothing to it.
    """
    refuse_on_sim(settings)
    return SimSettings(
        workdir=folder,
        control_planes=settings.control_planes,
        workers=settings.workers,
    )


def kind_settings(settings: PassSettings, folder: Path) -> KindSettings:
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
        nearest_patch=settings.nearest_patch,
        image_catalogue=settings.image_catalogue,
        kind_config=settings.kind_config,
        nodes_assumed=settings.nodes_assumed,
        after_create=settings.after_create,
        upgrade_config=settings.upgrade_config,
        drain_timeout_s=settings.drain_timeout_s,
        drain_args=settings.drain_args,
        wait_for_watches=settings.wait_for_watches,
        step_timeout_s=settings.step_timeout_s,
        join_node=settings.join_node,
    )


def is_simulated(provider: str) -> bool:
    """Whether clusters of this provider are simulated ones, which are no evidence."""
    return provider == "sim"
