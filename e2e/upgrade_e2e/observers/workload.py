"""The workload that HTTP observers watch: replicas of the agent's web service behind a Service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from upgrade_e2e.observers.base import DEFAULT_OF, DeployContext
from upgrade_e2e.observers.checks import (
    check_budget,
    check_count,
    check_one_of,
    check_positive_s,
    check_seconds,
)
from upgrade_e2e.observers.objects import (
    AGENT_COMMAND,
    addresses_of,
    agent_mount,
    agent_volume,
    field_env,
    labels,
    service,
    workload_object,
)

__all__ = ["WEB_PORT", "OnTerm", "Workload", "apply_workload"]

_PORT = 8080
WEB_PORT = 80
OnTerm = Literal["drain", "exit"]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """How the watched service runs.

    `pre_stop_s` is a sleep before SIGTERM, in which endpoints are removed while the pod still
    answers; `on_term` is what the process does then: `drain`, for `drain_s` at most, or `exit` at
    once. Without `readiness` a pod gets traffic as soon as its process starts, and it listens
    `warm_up_s` after that. `pdb_min_available` is what the PodDisruptionBudget keeps: less than
    `replicas`, by default one less, and 0 for no budget. `rollout_every_s` replaces all pods again
    and again while watched. Raises BadInput for values that cannot work.
    """

    replicas: int = 3
    pre_stop_s: float = 5.0
    on_term: OnTerm = "drain"
    pdb_min_available: int | None = field(
        default=None, metadata={DEFAULT_OF: lambda workload: _one_less(workload.replicas)}
    )
    rollout_every_s: float | None = None
    readiness: bool = True
    warm_up_s: float = 0.0
    drain_s: float = 10.0

    def __post_init__(self) -> None:
        check_count("Workload.replicas", self.replicas)
        check_seconds("Workload.pre_stop_s", self.pre_stop_s)
        check_one_of("Workload.on_term", self.on_term, get_args(OnTerm))
        if self.pdb_min_available is None:
            # Whoever writes the same number has an equal workload.
            object.__setattr__(self, "pdb_min_available", _one_less(self.replicas))
        check_budget("Workload.pdb_min_available", self.min_available, self.replicas)
        if self.rollout_every_s is not None:
            check_positive_s("Workload.rollout_every_s", self.rollout_every_s)
        check_seconds("Workload.warm_up_s", self.warm_up_s)
        check_seconds("Workload.drain_s", self.drain_s)

    @property
    def min_available(self) -> int:
        """How many of the replicas the budget keeps; 0 when there is no budget."""
        return self.pdb_min_available or 0


def _one_less(replicas: int) -> int:
    return replicas - 1


def apply_workload(context: DeployContext, name: str, workload: Workload) -> tuple[str, ...]:
    """Apply Deployment, Service and PodDisruptionBudget; returns the Service's `addresses_of`."""
    context.apply(deployment(context, name, workload))
    if workload.min_available:
        context.apply(disruption_budget(context, name, workload))
    return addresses_of(context.apply(service(context, name, WEB_PORT, _PORT)))


def deployment(context: DeployContext, name: str, workload: Workload) -> dict[str, Any]:
    """The Deployment, spread over the nodes that have room for it."""
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(name)},
    }
    pod: dict[str, Any] = {
        "terminationGracePeriodSeconds": int(workload.pre_stop_s + workload.drain_s) + 5,
        "topologySpreadConstraints": [spread],
        "containers": [_container(context, workload)],
        "volumes": [agent_volume()],
    }
    if context.room.tolerations:
        pod["tolerations"] = context.room.tolerations
    return workload_object(context, "Deployment", name, pod, replicas=workload.replicas)


def _container(context: DeployContext, workload: Workload) -> dict[str, Any]:
    # A pod of both families has two addresses: there the agent listens on all that it has.
    address = "$(POD_IP)" if len(context.facts.families) == 1 else "::"
    container: dict[str, Any] = {
        "name": "web",
        "image": context.images.agent,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            *AGENT_COMMAND,
            "serve",
            f"--bind=[{address}]:{_PORT}",
            f"--on-term={workload.on_term}",
            f"--drain-s={workload.drain_s:g}",
            f"--warm-up-s={workload.warm_up_s:g}",
        ],
        "env": [
            field_env("POD_NAME", "metadata.name"),
            field_env("POD_IP", "status.podIP"),
            field_env("NODE_NAME", "spec.nodeName"),
        ],
        "ports": [{"name": "http", "containerPort": _PORT}],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
        "volumeMounts": [agent_mount()],
    }
    if workload.pre_stop_s:
        sleep = ["sleep", f"{workload.pre_stop_s:g}"]
        container["lifecycle"] = {"preStop": {"exec": {"command": sleep}}}
    if workload.readiness:
        container["readinessProbe"] = {
            "httpGet": {"path": "/readyz", "port": _PORT},
            "periodSeconds": 2,
            "timeoutSeconds": 2,
        }
    return container


def disruption_budget(context: DeployContext, name: str, workload: Workload) -> dict[str, Any]:
    """The PodDisruptionBudget that drains must respect."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": context.namespace, "labels": labels(name)},
        "spec": {
            "minAvailable": workload.min_available,
            "selector": {"matchLabels": labels(name)},
        },
    }
