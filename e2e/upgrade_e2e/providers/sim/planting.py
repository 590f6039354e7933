"""Planting the faults of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import E2eError
from upgrade_e2e.providers.sim.asking import condition, full_name, get
from upgrade_e2e.providers.sim.control import ControlClient
from upgrade_e2e.upgrade import Step
from upgrade_e2e.upgrade.fault_values import seconds, target_of
from upgrade_e2e.upgrade.faults import kind_of
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["PARAMETERS", "Planted", "parameters_of"]

PINNED = "upgrade-e2e-pinned"
_PINNED_S = 20.0

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
            _pin_pod(cluster, full_name(cluster, short))
        else:
            self.broken.add(f"{kind} {short}")


def _pin_pod(cluster: Cluster, node: str) -> None:
    """Put a pod on the node that its PodDisruptionBudget never lets go."""
    labels = {"app": PINNED}
    meta = {"name": PINNED, "namespace": "default"}
    selector = {"matchLabels": labels}
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta,
        "spec": {"minAvailable": 1, "selector": selector},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**meta, "labels": labels},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 0,
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "pause", "image": "registry.k8s.io/pause:3.10"}],
        },
    }
    cluster.api.apply(budget)
    cluster.api.apply(pod)
    wait_for(
        f"the pod {PINNED} running on {node}",
        lambda: get(cluster, f"/api/v1/namespaces/default/pods/{PINNED}"),
        lambda seen: condition(seen, "Ready"),
        Deadline(_PINNED_S, every_s=0.1),
    )
