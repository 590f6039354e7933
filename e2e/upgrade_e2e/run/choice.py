"""The choice of a provider when the user names none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upgrade_e2e.providers.kind import what_is_missing
from upgrade_e2e.run.kind_only import kind_options_in
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.upgrade.faults import plantable_on

__all__ = ["Choice", "choose"]


@dataclass(frozen=True)
class Choice:
    """A provider that was chosen because the user named none; `why` is a sentence for them."""

    provider: str
    why: str


def choose(settings: PassSettings, lacking: Callable[[], str] = what_is_missing) -> Choice:
    """Kind where docker and kind are there, else the simulated cluster.

    Options that only kind has choose kind. Images need not be there: they are pulled.
    """
    if kind_options_in(settings):
        return Choice("kind", "This runs on kind, because some of the options only work there.")
    if unknown := {fault.name for fault in settings.faults} - plantable_on("kind"):
        why = f"This runs on a simulated cluster, because kind has no fault {min(unknown)}."
        return Choice("sim", why)
    if missing := lacking():
        why = (
            f"This runs on a simulated cluster, because {missing}; with --provider kind it is "
            "refused instead."
        )
        return Choice("sim", why)
    return Choice("kind", "This runs on kind: docker and kind are here.")
