"""Upgrade paths, plans and the executor that turns steps into spans; nothing in here acts."""

from e2e.upgrade.executor import Executor, Marks, Watcher
from e2e.upgrade.path import Hop, Path, resolve
from e2e.upgrade.plan import Fault, Plan, Step

__all__ = ["Executor", "Fault", "Hop", "Marks", "Path", "Plan", "Step", "Watcher", "resolve"]
