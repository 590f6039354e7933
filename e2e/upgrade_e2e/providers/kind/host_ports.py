"""Ports of the machine that a kind configuration gives to its nodes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upgrade_e2e.errors import BadInput

__all__ = ["require_one_node_per_port"]

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - kind's default address, which is compared and not bound

_LOOPBACK = "127.0.0.1"
"""Where kind gives the API server a port, unless the file names another address."""


@dataclass(frozen=True)
class HostPort:
    """One port of the machine, and the node that is to have it."""

    node: str
    address: str
    port: int
    protocol: str

    def meets(self, other: HostPort) -> bool:
        """Whether docker could not give both."""
        if (self.port, self.protocol) != (other.port, other.protocol):
            return False
        everywhere = any(_is_unspecified(one.address) for one in (self, other))
        return everywhere or self.address == other.address


def require_one_node_per_port(
    file: Path,
    nodes: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    networking: Mapping[str, Any],
) -> None:
    """Refuse, with BadInput, a port of the machine that two mappings want.

    `names` are the short names of the nodes, in their order. `networking` may give the API server
    a port as well.
    """
    given = list(_api_server(networking))
    for node, name in zip(nodes, names, strict=True):
        for wanted in _ports(node, name):
            for other in given:
                if wanted.meets(other):
                    raise BadInput(
                        f"kind-config {file} gives port {wanted.port}/{wanted.protocol} of this "
                        f"machine to {other.node} and again to {name}; choose another hostPort for "
                        "one of them, or leave it out for a free one."
                    )
            given.append(wanted)


def _api_server(networking: Mapping[str, Any]) -> Iterator[HostPort]:
    port = networking.get("apiServerPort")
    if isinstance(port, int) and port > 0:
        address = str(networking.get("apiServerAddress") or _LOOPBACK)
        yield HostPort("the API server (apiServerPort)", address, port, "TCP")


def _ports(node: Mapping[str, Any], name: str) -> Iterator[HostPort]:
    """The mappings of a node that name a port; kind refuses those that it cannot read."""
    for mapping in node.get("extraPortMappings") or ():
        port = mapping.get("hostPort") if isinstance(mapping, Mapping) else None
        if isinstance(port, int) and port > 0:
            address = str(mapping.get("listenAddress") or _EVERYWHERE)
            yield HostPort(name, address, port, str(mapping.get("protocol") or "TCP").upper())


def _is_unspecified(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False
