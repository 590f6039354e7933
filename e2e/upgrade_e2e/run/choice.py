"""The choice of a provider when the user names none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from upgrade_e2e.providers.kind import KindSettings, what_is_missing
from upgrade_e2e.run.kind_only import kind_options_in
from upgrade_e2e.run.providers import kind_settings
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade.faults import plantable_on

__all__ = ["Choice", "choose"]


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
    """Kind if it can upgrade along all `paths` on this machine now, else the simulated cluster.

    Options that only kind has choose kind. Raises BadInput for a path that cannot be walked.
    """
    if kind_options_in(settings):
        return Choice("kind", "This runs on kind, because some of the options only work there.")
    if unknown := {fault.name for fault in settings.faults} - plantable_on("kind"):
        why = f"This runs on a simulated cluster, because kind has no fault {min(unknown)}."
        return Choice("sim", why)
    images = kind_settings(settings, Path())
    for words in paths:
        if missing := lacking(images, words):
            why = (
                f"This runs on a simulated cluster, because {missing}; with --provider kind it is "
                "refused instead."
            )
            return Choice("sim", why)
    return Choice("kind", "This runs on kind: docker answers and has the node images.")
