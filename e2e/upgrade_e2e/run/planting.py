"""The one place where faults are planted: each `plant` step goes where the catalogue says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.errors import ClusterGone, E2eError, FaultNotPlanted
from upgrade_e2e.observers import KeepsBackups, plant, plant_in_backups
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.upgrade import Step
from upgrade_e2e.upgrade.faults import fault_of, kind_of

__all__ = ["perform_plant"]

_TROUBLE: tuple[type[Exception], ...] = (E2eError, *TRANSIENT_API_ERRORS)


def perform_plant(
    step: Step,
    cluster: Cluster,
    provider: Provider,
    keepers: Sequence[KeepsBackups] = (),
    scratch: Path = Path(),
) -> None:
    """Do one `plant` step. Raises FaultNotPlanted when that fails or changes nothing.

    A fault of the workload needs nothing here: it is in the observers that are deployed later.
    `keepers` are the observers' tasks that keep backups, `scratch` is a folder for working files.
    """
    fault = fault_of(step)
    acts_on = kind_of(fault.name).acts_on
    try:
        if acts_on == "cluster":
            plant(fault, cluster)
        elif acts_on == "nodes":
            provider.perform(step, cluster)
        elif acts_on == "backups":
            plant_in_backups(fault, keepers, scratch)
    except (FaultNotPlanted, ClusterGone):
        raise
    except _TROUBLE as error:
        raise FaultNotPlanted(
            f"fault {fault} could not be planted: {type(error).__name__}: {error}"
        ) from error
