"""Paths, plans, steps and faults as data; the executor that runs steps; reading back success."""

from upgrade_e2e.upgrade.components import kubelets, system_components
from upgrade_e2e.upgrade.executor import Executor, Marks, UsedImage, Watcher
from upgrade_e2e.upgrade.faults import FaultKind, planted_in, with_faults, without_joining
from upgrade_e2e.upgrade.inventory import Component, Inventory
from upgrade_e2e.upgrade.path import Hop, Path, resolve
from upgrade_e2e.upgrade.plan import Fault, Plan, Step
from upgrade_e2e.upgrade.reading import Verified, read_back

__all__ = [
    "Component",
    "Executor",
    "Fault",
    "FaultKind",
    "Hop",
    "Inventory",
    "Marks",
    "Path",
    "Plan",
    "Step",
    "UsedImage",
    "Verified",
    "Watcher",
    "kubelets",
    "planted_in",
    "read_back",
    "resolve",
    "system_components",
    "with_faults",
    "without_joining",
]
