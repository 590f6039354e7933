"""The pods that try their network, and the fixed ones on each node that they try to reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from upgrade_e2e.cluster.facts import IPV6
from upgrade_e2e.cluster.pods import is_ready
from upgrade_e2e.cluster.watching import watch_events
from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.objects import (
    AGENT_COMMAND,
    agent_mount,
    agent_volume,
    field_env,
    labels,
    workload_object,
)
from upgrade_e2e.observers.pod_client import PodClient

__all__ = ["API_SERVICE", "KnockPods", "NodeClient", "Peers", "peer_daemon_set", "peer_label"]

API_SERVICE = "/api/v1/namespaces/default/services/kubernetes"
_HOST_NAME = "kubernetes.io/hostname"
_RESULT = "/dev/termination-log"
_PEER_PORT = 8080
_ASK_S = 5.0
_SILENCE_S = 2.0
"""A watch without events for so long may be half-open: nodes are listed and watched again."""
_STARTING = (
    "/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind%3DNode%2Creason%3DStarting"
)


@dataclass(frozen=True)
class KnockPods(PodClient):
    """Creates pods that try their network and end.

    They are bound by the scheduler, to a node that they select: a pod that names its node would
    pass by all taints that keep others off, and taints are what makes users' pods wait.
    `service` is the API's Service, as it was read; `give_up_s` is when a pod ends without answers.
    """

    service: Mapping[str, Any] = field(default_factory=dict)
    give_up_s: float = 30.0

    def manifest(self, name: str, node: str, peer: str = "") -> dict[str, Any]:
        """A pod for `node`; `peer` is the address of a pod on another one, empty for none."""
        made = super().manifest(name, node)
        spec = made["spec"]
        del spec["nodeName"], spec["tolerations"]
        spec["nodeSelector"] = {_HOST_NAME: node}
        if self.context.room.tolerations:
            spec["tolerations"] = self.context.room.tolerations
        spec["restartPolicy"] = "Never"
        spec["terminationGracePeriodSeconds"] = 2
        spec["volumes"] = [agent_volume()]
        spec["containers"] = [self._container(peer)]
        return made

    def create_for(self, name: str, node: str, peer: str) -> None:
        """Create one pod for `node`; raises what the API client raises."""
        self._request("POST", body=self.manifest(name, node, peer))

    def _container(self, peer: str) -> dict[str, Any]:
        return {
            "name": "knock",
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": [*AGENT_COMMAND, "knock", *self._words(peer)],
            "terminationMessagePath": _RESULT,
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
            "volumeMounts": [agent_mount()],
        }

    def _words(self, peer: str) -> list[str]:
        facts, spec = self.context.facts, self.service["spec"]
        qtype = "AAAA" if facts.families[0] == IPV6 else "A"
        reached = [f"peer={_joined(peer, _PEER_PORT)}"] if peer else []
        return [
            f"clusterip={_joined(spec['clusterIP'], spec['ports'][0]['port'])}",
            *reached,
            f"dns=kubernetes.default.svc.{facts.dns_domain}./{qtype}",
            "gateway=",
            f"give-up-s={self.give_up_s:g}",
            f"into={_RESULT}",
        ]


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def peer_label(label: str) -> str:
    """What the pods are called that others try to reach."""
    return f"{label}-peer"


def peer_daemon_set(context: DeployContext, label: str) -> dict[str, Any]:
    """A small server on every node; pods of a DaemonSet stay where they are in a drain."""
    container = {
        "name": "peer",
        "image": context.images.agent,
        "imagePullPolicy": "IfNotPresent",
        "command": [*AGENT_COMMAND, "serve", f"--bind=[$(POD_IP)]:{_PEER_PORT}"],
        "env": [field_env("POD_IP", "status.podIP")],
        "resources": {"requests": {"cpu": "10m", "memory": "24Mi"}},
        "volumeMounts": [agent_mount()],
    }
    pod = {
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [agent_volume()],
    }
    return workload_object(context, "DaemonSet", peer_label(label), pod)


@dataclass
class Peers:
    """Where these servers are: their addresses by node."""

    context: DeployContext
    label: str
    _found: dict[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> bool:
        """Whether there is another node that a pod could reach."""
        return len(self.context.cluster.nodes) > 1

    def look(self) -> None:
        """Ask where they are; raises what the API client raises."""
        chosen = "%2C".join(f"{k}%3D{v}" for k, v in labels(peer_label(self.label)).items())
        path = f"/api/v1/namespaces/{self.context.namespace}/pods?labelSelector={chosen}"
        pods = self.context.cluster.api.get_json(path, timeout_s=_ASK_S)["items"]
        self._found = {
            pod["spec"]["nodeName"]: pod["status"]["podIP"] for pod in pods if is_ready(pod)
        }

    def of(self, node: str) -> str:
        """The address of one on another node than this, the next by name; empty for none."""
        others = sorted(name for name in self._found if name != node)
        later = [name for name in others if name > node]
        return self._found[(later or others)[0]] if others else ""


@dataclass(frozen=True)
class NodeClient:
    """Reads nodes, and what their kubelets say when they start."""

    context: DeployContext

    def list_nodes(self) -> Any:
        """All nodes as the API serves them."""
        return self.context.cluster.api.get_json("/api/v1/nodes", timeout_s=_ASK_S)

    def watch_nodes(self, version: str) -> Iterator[dict[str, Any]]:
        """The events after `version`; ends by itself, or by an error when no event comes."""
        return watch_events(
            self.context.cluster.api.core.list_node,
            version=version,
            silence_s=_SILENCE_S,
        )

    def starting_events(self) -> list[dict[str, Any]]:
        """The events of nodes whose kubelet, or proxy, has started."""
        answer = self.context.cluster.api.get_json(_STARTING, timeout_s=_ASK_S)
        found: list[dict[str, Any]] = answer["items"]
        return found
