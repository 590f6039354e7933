"""Planting the faults of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.nodes import node_of
from upgrade_e2e.cluster.pinning import pin_pod
from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.sim.control import ControlClient
from upgrade_e2e.upgrade import Step
from upgrade_e2e.upgrade.fault_values import seconds, target_of
from upgrade_e2e.upgrade.faults import kind_of
from upgrade_e2e.wait import Deadline

__all__ = ["PARAMETERS", "Planted", "parameters_of"]

_PAUSE = "registry.k8s.io/pause:3.10"
_PINNED = Deadline(within_s=20.0, every_s=0.1)

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "kubelet-qps": ("kubelet.qps", "kubelet.burst"),
    "endpoint-delay": ("network.endpoint_delay_s",),
    "no-grace": ("kubelet.graceful",),
    "dns-drop": ("network.drop_dns",),
    "dns-delay": ("dns.delay_s",),
}
"""The faults that are another value for parameters of mechanisms, by name."""


def parameters_of(fault: str, value: str) -> dict[str, object]:
    """The parameters that a fault sets, and to what; empty for one planted in another way."""
    read = False if fault == "no-grace" else kind_of(fault).check(value)
    return dict.fromkeys(PARAMETERS.get(fault, ()), read)


@dataclass
class Planted:
    """What was planted that is the provider's own to heed."""

    staying: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    def plant(self, step: Step, cluster: Cluster, control: ControlClient) -> None:
        """Do one `plant` step."""
        fault, value = step.params["fault"], step.params["value"]
        for parameter, read in parameters_of(fault, value).items():
            control.ask("set", parameter=parameter, value=read)
        match fault:
            case "apiserver-freeze":
                control.ask("freeze-api", for_s=seconds(value))
            case "etcd-stall":
                control.ask("stall-etcd", for_s=seconds(value))
            case "addon-stays":
                self.staying.add(value)
            case "fail-step":
                self._break(value, cluster)

    def check(self, step: Step) -> None:
        """Raise E2eError when the program of this step was planted to fail."""
        if step.name in self.broken:
            raise E2eError(f"the program of {step.name} was planted to fail, and exited with 1.")

    def _break(self, value: str, cluster: Cluster) -> None:
        kind, short = target_of(value)
        if kind == "drain":
            pin_pod(cluster, node_of(cluster, short).name, _PAUSE, _PINNED)
        else:
            self.broken.add(f"{kind} {short}")
