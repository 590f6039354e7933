"""How long the containers of pods that come and go take to start."""

from __future__ import annotations

from dataclasses import dataclass

from upgrade_e2e.observers.churn_loop import ChurnLoop
from upgrade_e2e.timeline import SamplesBuilder, Span, Window

__all__ = ["StartedPods"]


@dataclass(frozen=True)
class StartedPods:
    """The pods of a churn loop, for an observer that asks only whether their containers start.

    The observer of the loop itself may be part of the pass as well: then both see the same pods.
    """

    churn_loop: ChurnLoop

    def start(self) -> None:
        """See BackgroundTask."""
        self.churn_loop.start()

    def missing(self) -> str:
        """See BackgroundTask."""
        return self.churn_loop.missing()

    def status_line(self) -> str:
        """See BackgroundTask: the pods are shown where they are churned."""
        return ""

    def stop(self) -> None:
        """See BackgroundTask."""
        self.churn_loop.stop()

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask."""
        self.churn_loop.add_starts(into, window)

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self.churn_loop.broken()
