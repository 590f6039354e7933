"""What one observer sees right now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upgrade_e2e.format import duration

__all__ = ["LiveStatus"]

_OUTCOMES = 3


@dataclass(frozen=True)
class LiveStatus:
    """How the probes of the last second ended, over all probers of one observer.

    `failures` are counts by outcome. `silent_s` is how long the prober that is silent longest has
    said nothing (0 when all speak): what is old is not counted. `aside` is what else goes on.
    """

    ok: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    silent_s: float = 0.0
    aside: str = ""

    @property
    def failing(self) -> bool:
        """Whether a probe of the last second failed."""
        return bool(self.failures)

    @property
    def unseen(self) -> bool:
        """Whether there is no news at all: neither that it works nor that it fails."""
        return self.silent_s > 0 and not self.ok and not self.failures

    @property
    def failed(self) -> str:
        """The most frequent failures, such as `21 timeout, 9 5xx`; empty for none."""
        worst = sorted(self.failures.items(), key=lambda pair: -pair[1])[:_OUTCOMES]
        return ", ".join(f"{count} {label}" for label, count in worst)

    def __str__(self) -> str:
        """All of it, such as `98/s ok, 2 timeout, no status for 12 s`."""
        silent = f"no status for {duration(int(self.silent_s))}" if self.silent_s else ""
        seen = bool(self.ok or self.failures or self.silent_s)
        parts = [f"{self.ok}/s ok" if seen else "", self.failed, silent, self.aside]
        return ", ".join(filter(None, parts)) or "no status yet"
