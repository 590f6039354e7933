"""What a pass says about itself while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from upgrade_e2e.observers.live_status import LiveStatus
from upgrade_e2e.timeline import Span

__all__ = ["Progress", "Silence", "Statuses"]

Statuses = Callable[[], Mapping[str, str | LiveStatus]]
"""By name, what each observer sees now, or in words what goes on."""


class Progress(Protocol):
    """Shows the steps of a pass as they begin and end."""

    def began(self, name: str, node: str = "") -> None:
        """A step begins now."""

    def ended(self, span: Span) -> None:
        """A step has ended."""

    def say(self, sentence: str) -> None:
        """Show one sentence."""

    def watching(self, statuses: Statuses) -> AbstractContextManager[None]:
        """While in the context, `statuses` says what is seen or done now.

        Under the name THE_STEP it says what the running step waits for.
        """


class Silence:
    """Progress that shows nothing."""

    def began(self, name: str, node: str = "") -> None:
        """Show nothing."""

    def ended(self, span: Span) -> None:
        """Show nothing."""

    def say(self, sentence: str) -> None:
        """Show nothing."""

    def watching(self, statuses: Statuses) -> AbstractContextManager[None]:
        """Show nothing."""
        del statuses
        return nullcontext()
