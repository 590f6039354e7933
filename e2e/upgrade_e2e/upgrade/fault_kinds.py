"""The one catalogue of faults: what each breaks, what its value means and who plants it."""

from __future__ import annotations

from collections.abc import Mapping

from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade.fault_kind import ActsOn, FaultKind
from upgrade_e2e.upgrade.fault_kinds_cluster import IN_THE_CLUSTER, IN_WORKLOADS
from upgrade_e2e.upgrade.fault_kinds_etcd import IN_BACKUPS, IN_ETCD
from upgrade_e2e.upgrade.fault_kinds_network import IN_THE_NETWORK
from upgrade_e2e.upgrade.fault_kinds_nodes import ON_NODES
from upgrade_e2e.upgrade.fault_kinds_simulated import SIMULATED

__all__ = ["CATALOGUE", "ActsOn", "FaultKind", "kind_of", "plantable_on"]

CATALOGUE: tuple[FaultKind, ...] = (
    *IN_WORKLOADS,
    *IN_THE_CLUSTER,
    *ON_NODES,
    *IN_ETCD,
    *IN_THE_NETWORK,
    *IN_BACKUPS,
    *SIMULATED,
)
"""Every fault; those that work on any cluster come first, those of simulated clusters last."""

_BY_NAME: Mapping[str, FaultKind] = {kind.name: kind for kind in CATALOGUE}


def kind_of(name: str) -> FaultKind:
    """The entry of that name; raises BadInput."""
    if name not in _BY_NAME:
        raise BadInput(f"there is no fault {name!r}; `upgrade-e2e faults` lists all.")
    return _BY_NAME[name]


def plantable_on(provider: str) -> frozenset[str]:
    """The names of the faults that can be planted in clusters of `provider`."""
    return frozenset(kind.name for kind in CATALOGUE if kind.plantable_on(provider))
