"""The controllers of a controller manager, and the scheduler."""

from __future__ import annotations

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.controllers.controller import Controller
from upgrade_e2e_simulator.controllers.daemonset import DaemonSetController
from upgrade_e2e_simulator.controllers.deployment import DeploymentController
from upgrade_e2e_simulator.controllers.disruption import DisruptionController
from upgrade_e2e_simulator.controllers.endpointslices import EndpointSliceController
from upgrade_e2e_simulator.controllers.garbage import GarbageCollector
from upgrade_e2e_simulator.controllers.namespace import NamespaceController
from upgrade_e2e_simulator.controllers.nodelifecycle import NodeLifecycleController
from upgrade_e2e_simulator.controllers.replicaset import ReplicaSetController
from upgrade_e2e_simulator.controllers.scheduler import Scheduler
from upgrade_e2e_simulator.parameters import Parameters

__all__ = ["controllers", "scheduler"]


def controllers(client: Client, parameters: Parameters, authority: str) -> list[Controller]:
    """What a controller manager runs; `authority` is the cluster's CA certificate."""
    return [
        NamespaceController(client, authority),
        DeploymentController(client),
        ReplicaSetController(client, parameters.kubelet),
        DaemonSetController(client, parameters.kubelet),
        EndpointSliceController(client),
        DisruptionController(client),
        NodeLifecycleController(client, parameters),
        GarbageCollector(client),
    ]


def scheduler(client: Client, parameters: Parameters) -> list[Controller]:
    """What a scheduler runs."""
    return [Scheduler(client, parameters.controllers)]
