"""Everything that one pass needs, before it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from upgrade_e2e.judge import Limits
from upgrade_e2e.observers import Observer
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.run.progress import Progress
from upgrade_e2e.run.settings import PassSettings
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Plan

__all__ = ["AROUND", "PassRequest", "count_steps"]

AROUND = ("deploy", "watch-before", "watch-after", "collect", "inspect")
"""What every pass does in addition to its plan."""


def count_steps(plan: Plan) -> int:
    """How many steps a pass over this plan shows, if none fails."""
    return len(plan.steps) + len(AROUND)


@dataclass(frozen=True)
class PassRequest:
    """What a pass is made from.

    `folder` takes logs and working files. `origin` is second zero of its timeline.
    """

    plan: Plan
    provider: Provider
    observers: tuple[Observer, ...]
    settings: PassSettings
    limits: Limits
    folder: Path
    progress: Progress
    run_id: str
    origin: Origin = field(default_factory=Origin)
