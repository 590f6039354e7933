"""One node: its name, addresses, folders, and the mechanisms that its kubelet uses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.credentials import Tokens
from upgrade_e2e_simulator.node.launcher import Launcher
from upgrade_e2e_simulator.node.process import Component
from upgrade_e2e_simulator.node.volumes import NodeFolders
from upgrade_e2e_simulator.parameters import Parameters
from upgrade_e2e_simulator.store import Object

__all__ = ["Node", "PodAddresses"]

_RESERVED = 2
"""The network's own address and the gateway's."""


class PodAddresses:
    """The addresses of a node's pods; the one that was free for longest is given out next."""

    def __init__(self, network: IPv4Network) -> None:
        self.network = network
        self._free = deque(str(address) for address in list(network)[_RESERVED:-1])

    @property
    def capacity(self) -> int:
        """How many pods fit on the node."""
        return self.network.num_addresses - _RESERVED - 1

    def take(self) -> str:
        """An address. Raises IndexError when none is left."""
        return self._free.popleft()

    def give_back(self, address: str) -> None:
        """The pod is gone."""
        self._free.append(address)


ComponentFor = Callable[[str, Object], Component]
"""Makes the component of a container of that pod on this node, by the image's short name."""


@dataclass
class Node:
    """A node of the cluster; it stays when its kubelet is swapped."""

    name: str
    ip: str
    addresses: PodAddresses
    folders: NodeFolders
    client: Client
    launcher: Launcher
    tokens: Tokens
    parameters: Parameters
    component_for: ComponentFor
    control_plane: bool = False
    images: set[str] = field(default_factory=set)
