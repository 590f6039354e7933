"""Upgrade paths, plans and the executor that turns steps into spans; nothing in here acts."""

from e2e.upgrade.executor import Executor, Marks, Watcher
from e2e.upgrade.inventory import Component, Inventory
from e2e.upgrade.path import Hop, Path, resolve
from e2e.upgrade.plan import Fault, Plan, Step
from e2e.upgrade.reading import read_back

__all__ = [
    "Component",
    "Executor",
    "Fault",
    "Hop",
    "Inventory",
    "Marks",
    "Path",
    "Plan",
    "Step",
    "Watcher",
    "read_back",
    "resolve",
]
