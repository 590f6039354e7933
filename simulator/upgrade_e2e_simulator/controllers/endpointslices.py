"""EndpointSlices: the addresses behind each Service with a selector."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e_simulator.controllers.controller import Controller, Place, owner_reference
from upgrade_e2e_simulator.controllers.pods import is_ready
from upgrade_e2e_simulator.store import Change, Object, labels_of, name_of, namespace_of

__all__ = ["EndpointSliceController"]

_SLICES = "endpointslices.discovery.k8s.io"
_SERVICE = "kubernetes.io/service-name"
_MANAGED = "endpointslice.kubernetes.io/managed-by"
_OURS = "endpointslice-controller.k8s.io"


class EndpointSliceController(Controller):
    """One slice per service: a simulated service is small."""

    watches = ("services", "pods")
    resyncs = "services"

    def places(self, change: Change) -> Iterable[Place]:
        """The service, or those that select the pod by its old or new labels."""
        if change.key.resource == "services":
            return [(change.key.namespace, change.key.name)]
        states = [state for state in (change.old, change.new) if state is not None]
        return [
            (change.key.namespace, name_of(service))
            for service in self.client.all_cached("services", change.key.namespace)
            if any(_selected(service, pod) for pod in states)
        ]

    def _backends(self, service: Object) -> list[Object]:
        """The pods behind a service that have an address and are not over."""
        return [
            pod
            for pod in self.client.all_cached("pods", namespace_of(service))
            if _selected(service, pod)
            and pod["status"].get("podIP")
            and pod["status"].get("phase") not in {"Succeeded", "Failed"}
        ]

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        service = self.client.cached("services", namespace, name)
        mine = [
            found
            for found in self.client.all_cached(_SLICES, namespace)
            if labels_of(found).get(_SERVICE) == name and labels_of(found).get(_MANAGED) == _OURS
        ]
        if service is None or not service["spec"].get("selector"):
            for found in mine:
                await self.client.delete(_SLICES, found)
            return
        wanted = self._slice(service)
        if not mine:
            await self.client.create(_SLICES, wanted)
            return
        body = {key: wanted[key] for key in ("endpoints", "ports")}
        await self.client.change(_SLICES, mine[0], lambda live: {**live, **body})

    def _slice(self, service: Object) -> Object:
        pods = self._backends(service)
        always = bool(service["spec"].get("publishNotReadyAddresses"))
        return {
            "addressType": "IPv4",
            "metadata": {
                "generateName": f"{name_of(service)}-",
                "namespace": namespace_of(service),
                "labels": {
                    **labels_of(service),
                    _SERVICE: name_of(service),
                    _MANAGED: _OURS,
                },
                "ownerReferences": [owner_reference(service)],
            },
            "endpoints": [_endpoint(pod, always=always) for pod in pods],
            "ports": [_port(port, pods) for port in service["spec"].get("ports") or ()],
        }


def _selected(service: Object, pod: Object) -> bool:
    selector = service["spec"].get("selector")
    if not selector:
        return False
    labels = labels_of(pod)
    return all(labels.get(key) == value for key, value in selector.items())


def _endpoint(pod: Object, *, always: bool) -> Object:
    going = "deletionTimestamp" in pod["metadata"]
    serving = is_ready(pod) or always
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": serving and (not going or always),
            "serving": serving,
            "terminating": going,
        },
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            **{key: pod["metadata"][key] for key in ("namespace", "name", "uid")},
        },
    }


def _port(port: Object, pods: list[Object]) -> Object:
    return {
        "name": port.get("name", ""),
        "port": _number(port, pods),
        "protocol": port["protocol"],
    }


def _number(port: Object, pods: list[Object]) -> int:
    """The container's port; a named one is looked up in the pods."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for pod in pods:
        for container in pod["spec"]["containers"]:
            for found in container.get("ports") or ():
                if found.get("name") == target:
                    return int(found["containerPort"])
    return int(port["port"])
