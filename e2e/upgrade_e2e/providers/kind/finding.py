"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GOOD", "NOTE", "PROBLEM", "UNSURE", "Finding", "Level"]


@dataclass(frozen=True)
class Level:
    """How bad a finding is."""

    word: str
    ok: bool


GOOD, NOTE, PROBLEM = Level("ok", ok=True), Level("note", ok=True), Level("MISSING", ok=False)
UNSURE = Level("unsure", ok=True)
"""Whether a pass lacks it shows only when it begins."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, and how to fix it."""

    what: str
    level: Level
    found: str
    fix: str = ""

    @property
    def ok(self) -> bool:
        """False when a pass cannot work before this is fixed."""
        return self.level.ok

    def __str__(self) -> str:
        fix = f"\n         fix: {self.fix}" if self.fix else ""
        return f"{self.level.word:<8} {self.what}: {self.found}{fix}"
