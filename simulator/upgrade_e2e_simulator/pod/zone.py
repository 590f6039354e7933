"""The names of a cluster: services and, for headless ones, their endpoints.

The schema is that of the "Kubernetes DNS-Based Service Discovery" specification, A records only:
this cluster has no IPv6, so AAAA of a name that exists is an empty answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dns.rcode import NOERROR, NXDOMAIN, Rcode
from dns.rdatatype import ANY, A, RdataType

__all__ = ["Zone"]

_SERVICE = "kubernetes.io/service-name"


class Zone:
    """Answers for one cluster domain from what the API has shown."""

    def __init__(self, domain: str = "cluster.local") -> None:
        self._domain = domain
        self._addresses: dict[tuple[str, str], str] = {}
        self._slices: dict[str, tuple[tuple[str, str], list[str]]] = {}

    def put_service(self, service: dict[str, Any]) -> None:
        """A service is there, or has changed."""
        self._addresses[_key(service)] = service["spec"].get("clusterIP", "")

    def drop_service(self, service: dict[str, Any]) -> None:
        """A service is gone."""
        self._addresses.pop(_key(service), None)

    def put_slice(self, found: dict[str, Any]) -> None:
        """An EndpointSlice is there, or has changed."""
        meta = found["metadata"]
        owner = (meta.get("labels") or {}).get(_SERVICE, "")
        ready = [
            address
            for endpoint in found.get("endpoints") or ()
            if (endpoint.get("conditions") or {}).get("ready", True)
            for address in endpoint["addresses"]
        ]
        self._slices[f"{meta['namespace']}/{meta['name']}"] = ((meta["namespace"], owner), ready)

    def drop_slice(self, found: dict[str, Any]) -> None:
        """An EndpointSlice is gone."""
        meta = found["metadata"]
        self._slices.pop(f"{meta['namespace']}/{meta['name']}", None)

    def answer(self, name: str, qtype: RdataType) -> tuple[Rcode, Sequence[str]]:
        """The response code and the addresses for a name; there are none outside of the domain."""
        if name != self._domain and not name.endswith("." + self._domain):
            return NXDOMAIN, ()
        labels = name.removesuffix(self._domain).rstrip(".").split(".")
        if labels == [""]:
            return NOERROR, ()
        match labels:
            case [service, namespace, "svc"]:
                addresses = self._of_service((namespace, service))
            case [address, namespace, "pod"] if namespace and address.count("-") == 3:
                addresses = [address.replace("-", ".")]
            case _:
                addresses = None
        if addresses is None:
            return (NOERROR, ()) if self._is_parent(labels) else (NXDOMAIN, ())
        return NOERROR, addresses if qtype in {A, ANY} else ()

    def _of_service(self, key: tuple[str, str]) -> list[str] | None:
        address = self._addresses.get(key)
        if address is None:
            return None
        if address and address != "None":
            return [address]
        return [ip for owner, ready in self._slices.values() if owner == key for ip in ready]

    def _is_parent(self, labels: Sequence[str]) -> bool:
        """Names that exist only because others do below them: `svc`, `NAMESPACE.svc`."""
        namespaces = {namespace for namespace, _ in self._addresses}
        match labels:
            case ["svc"] | ["pod"]:
                return True
            case [namespace, "svc" | "pod"]:
                return namespace in namespaces
        return False


def _key(service: dict[str, Any]) -> tuple[str, str]:
    meta = service["metadata"]
    return meta["namespace"], meta["name"]
