"""The service proxy of a node: Services and EndpointSlices into the table that pods connect by.

As kube-proxy: ready endpoints only; when there is none, those that terminate but still serve; and
with internalTrafficPolicy Local those of this node only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.parameters import Parameters
from upgrade_e2e_simulator.store import Change, Object, labels_of, name_of, namespace_of

__all__ = ["ServiceProxy", "service_table"]

_GATHER_S = 0.005
_SLICES = "endpointslices.discovery.k8s.io"
_SERVICE = "kubernetes.io/service-name"

Endpoint = tuple[str, int]
Table = dict[str, list[Endpoint]]


class ServiceProxy:
    """Keeps a node's table; as a component it is what runs in the kube-proxy pod.

    While it is down the table stays as it is. `endpoint_delay_s` passes between a change and the
    table that has it; changes within a few milliseconds go into one table.
    """

    def __init__(self, node: str, client: Client, parameters: Parameters, table: Path) -> None:
        self._node = node
        self._client = client
        self._parameters = parameters
        self._table = table
        self._unsubscribe: list[Callable[[], None]] = []
        self._timers: set[asyncio.TimerHandle] = set()
        self._gathering = False

    async def start(self) -> None:
        """See Component."""
        self._unsubscribe = [
            self._client.subscribe(resource, self._hear) for resource in ("services", _SLICES)
        ]
        self.refresh()

    async def stop(self) -> None:
        """See Component."""
        self.kill()

    def kill(self) -> None:
        """See Component."""
        for end in [*self._unsubscribe, *(timer.cancel for timer in self._timers)]:
            end()
        self._unsubscribe = []
        self._timers.clear()
        self._gathering = False

    def refresh(self) -> None:
        """Write a table of what is known now, without delay."""
        self._write(service_table(self._client, self._node))

    def _hear(self, _: Change) -> None:
        if not self._gathering:
            self._gathering = True
            self._after(_GATHER_S, self._gathered)

    def _gathered(self) -> None:
        self._gathering = False
        table = service_table(self._client, self._node)
        self._after(self._parameters.network.endpoint_delay_s, lambda: self._write(table))

    def _after(self, delay_s: float, do: Callable[[], None]) -> None:
        def done() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_later(delay_s, done)
        self._timers.add(timer)

    def _write(self, services: Table) -> None:
        table = {
            "services": services,
            "drop_dns": self._parameters.network.drop_dns,
            "dns_delay_s": self._parameters.dns.delay_s,
        }
        part = self._table.with_suffix(".part")
        part.write_text(json.dumps(table), encoding="utf-8")
        part.replace(self._table)


def service_table(client: Client, node: str) -> Table:
    """`tcp/ADDRESS:PORT` -> endpoints, as a proxy on `node` programs them."""
    slices: dict[tuple[str, str], list[Object]] = {}
    for found in client.all_cached(_SLICES):
        owner = (namespace_of(found), labels_of(found).get(_SERVICE, ""))
        slices.setdefault(owner, []).append(found)
    table: Table = {}
    for service in client.all_cached("services"):
        address = service["spec"].get("clusterIP") or "None"
        if address != "None":
            of_service = slices.get((namespace_of(service), name_of(service)), [])
            table.update(_ports(service, of_service, address, node))
    return table


def _ports(
    service: Object, slices: list[Object], address: str, node: str
) -> Iterator[tuple[str, list[Endpoint]]]:
    local = service["spec"].get("internalTrafficPolicy") == "Local"
    for port in service["spec"].get("ports") or ():
        protocol = str(port.get("protocol", "TCP"))
        found = [
            (endpoint, number)
            for one in slices
            for number in _numbers(one, str(port.get("name") or ""), protocol)
            for endpoint in one.get("endpoints") or ()
            if not local or endpoint.get("nodeName") == node
        ]
        yield f"{protocol.lower()}/{address}:{port['port']}", _usable(found)


def _numbers(found: Object, name: str, protocol: str) -> Iterator[int]:
    for port in found.get("ports") or ():
        if (port.get("name") or "") == name and port.get("protocol", "TCP") == protocol:
            yield port["port"]


def _usable(found: list[tuple[Object, int]]) -> list[Endpoint]:
    for wanted in ("ready", "serving"):
        usable = [
            (endpoint["addresses"][0], number)
            for endpoint, number in found
            if endpoint["conditions"].get(wanted)
        ]
        if usable:
            return usable
    return []
