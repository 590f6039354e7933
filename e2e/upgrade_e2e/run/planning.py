"""From a path as the user wrote it to its plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.run.resolving import ResolvedWords, resolve_words
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade import Plan, with_faults

__all__ = ["make_plan", "plan_of", "with_images"]


def make_plan(words: Sequence[str], settings: PassSettings) -> Plan:
    """The plan for the path in `words`, faults included; touches nothing.

    Raises BadInput for what cannot work.
    """
    resolved = resolve_words(words, settings)
    return plan_of(resolved, with_images(settings, (resolved,)))


def with_images(settings: PassSettings, paths: Sequence[ResolvedWords]) -> PassSettings:
    """The settings in which every version of these paths has its image."""
    images = {version: name for path in paths for version, name in path.images.items()}
    return replace(settings, node_images={**settings.node_images, **images})


def plan_of(resolved: ResolvedWords, settings: PassSettings) -> Plan:
    """The plan for a path whose versions are known; raises BadInput for what cannot work."""
    plan = make_provider(settings, Path()).plan(resolved.path)
    resolved_plan = replace(plan, choices={**plan.choices, **resolved.choices})
    return with_faults(resolved_plan, settings.faults)
