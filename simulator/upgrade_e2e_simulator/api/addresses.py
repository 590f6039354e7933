"""The addresses that Services get."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from upgrade_e2e_simulator.api.resources import resource_named
from upgrade_e2e_simulator.api.status import cause, invalid
from upgrade_e2e_simulator.store import Object, Store, name_of

__all__ = ["ServiceAddresses"]

_DYNAMIC_FROM = 64
"""Addresses below are left for those who ask for one, as the API server's static band is."""
_NODE_PORTS = range(30000, 32768)


@dataclass(frozen=True)
class ServiceAddresses:
    """Hands out ClusterIPs of one range, and node ports."""

    network: IPv4Network

    def assign(self, service: Object, store: Store) -> None:
        """Give a new service its ClusterIP and node ports, in place. Raises 422 when taken."""
        spec = service["spec"]
        if spec["type"] == "ExternalName":
            return
        wanted = spec.get("clusterIP") or self._free(store)
        if wanted != "None":
            self._check(service, wanted, store)
        spec["clusterIP"], spec["clusterIPs"] = wanted, [wanted]
        if spec["type"] in {"NodePort", "LoadBalancer"}:
            _assign_node_ports(spec, store)

    def _free(self, store: Store) -> str:
        taken = _taken(store)
        first = int(self.network.network_address)
        for number in range(first + _DYNAMIC_FROM, int(self.network.broadcast_address)):
            if str(IPv4Address(number)) not in taken:
                return str(IPv4Address(number))
        raise RuntimeError(f"the service network {self.network} has no free address left")

    def _check(self, service: Object, wanted: str, store: Store) -> None:
        why = ""
        try:
            inside = IPv4Address(wanted) in self.network
        except ValueError:
            inside = False
        if not inside:
            why = (
                "failed to allocate IP "
                f"{wanted}: the provided network does not match the current range ({self.network})"
            )
        elif wanted in _taken(store):
            why = f"failed to allocate IP {wanted}: provided IP is already allocated"
        if why:
            wrong = cause("spec.clusterIPs", f"Invalid value: [{wanted!r}]: {why}")
            raise invalid(resource_named("services"), name_of(service), [wrong])


def _taken(store: Store) -> set[str]:
    return {service["spec"].get("clusterIP", "") for service in store.objects("services")}


def _assign_node_ports(spec: Object, store: Store) -> None:
    taken = {
        port.get("nodePort")
        for service in store.objects("services")
        for port in service["spec"].get("ports") or ()
    }
    free = (number for number in _NODE_PORTS if number not in taken)
    for port in spec.get("ports") or ():
        if not port.get("nodePort"):
            port["nodePort"] = next(free)
