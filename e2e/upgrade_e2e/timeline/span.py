"""Spans: what was done to the cluster, and when."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

__all__ = ["INTERRUPTED", "Origin", "Span"]

INTERRUPTED = "interrupted"
"""The error of a step that somebody ended, such as with Ctrl-C."""


@dataclass(frozen=True)
class Origin:
    """Second zero of a pass, on both clocks; `now_s` is the time since then."""

    unix_s: float = field(default_factory=time.time)
    monotonic_s: float = field(default_factory=time.monotonic)

    def now_s(self) -> float:
        """Seconds since the origin, on the monotonic clock."""
        return time.monotonic() - self.monotonic_s


@dataclass(frozen=True)
class Span:
    """One step, or one phase inside a step (`parent` names the step), from start to end.

    `node` is empty for steps that concern the whole cluster; `hop` is `v1.33.7->v1.34.3`, empty
    for steps outside any hop. `error` is empty when the step succeeded.
    """

    name: str
    kind: str
    start_s: float
    end_s: float
    node: str = ""
    hop: str = ""
    parent: str = ""
    error: str = ""

    @property
    def duration_s(self) -> float:
        """How long the step took."""
        return self.end_s - self.start_s

    @property
    def interrupted(self) -> bool:
        """Whether the step did not fail by itself: somebody ended it."""
        return self.error == INTERRUPTED

    def is_on(self, node: str) -> bool:
        """Whether the step is about this node; the step may leave out the name of the cluster."""
        return bool(self.node) and (node == self.node or node.endswith(f"-{self.node}"))
