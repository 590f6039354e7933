"""From a path as the user wrote it to its plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from upgrade_e2e.providers.kind import known_versions
from upgrade_e2e.providers.sim import KNOWN_VERSIONS
from upgrade_e2e.run.providers import kind_settings, make_provider
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade import Plan, resolve, with_faults

__all__ = ["DEFAULT_PATH", "make_plan"]

DEFAULT_PATH = ("v1.33", "v1.34")
"""What is walked when no path is given."""


def make_plan(words: Sequence[str], settings: PassSettings) -> Plan:
    """The plan for the path in `words`, faults included; touches nothing.

    Raises BadInput for what cannot work.
    """
    folder = Path()
    provider = make_provider(settings, folder)
    known = list(KNOWN_VERSIONS)
    if settings.provider == "kind":
        known = known_versions(kind_settings(settings, folder))
    return with_faults(provider.plan(resolve(words, known)), settings.faults)
