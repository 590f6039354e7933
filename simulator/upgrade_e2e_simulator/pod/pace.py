"""What the simulator's own programs know beyond a real pod: its pace and its node's faults."""

from __future__ import annotations

import os
from dataclasses import dataclass

from upgrade_e2e_simulator.pod.sockets import ServiceTable

__all__ = ["PodEnvironment"]

PACE = "SIM_PACE"
TABLE = "SIM_TABLE"


@dataclass(frozen=True)
class PodEnvironment:
    """`pace` divides times that a configuration names; `table` is the node's service table."""

    pace: float
    table: ServiceTable

    @classmethod
    def here(cls) -> PodEnvironment:
        """Of this process."""
        return cls(float(os.environ[PACE]), ServiceTable(os.environ[TABLE]))

    def paced(self, seconds: float) -> float:
        """How long that takes in this cluster."""
        return seconds / self.pace

    def fresh_table(self) -> ServiceTable:
        """The node's table as it is now."""
        self.table.refresh()
        return self.table
