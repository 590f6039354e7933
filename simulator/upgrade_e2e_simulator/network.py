"""The addresses of one simulated cluster: a slice of 127.0.0.0/8 that no other cluster uses.

127.A.0.0/20 holds the nodes (node i is 127.A.(i+2)), 127.A.16.0/20 the services, and from
127.A.32.0 on each node has its range of pod addresses. Linux answers on all of 127.0.0.0/8
without any set-up, which is why the simulator needs Linux and no privileges.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from upgrade_e2e_simulator.errors import BadInput

__all__ = ["ClusterNetwork", "claim_network"]

_OCTETS = range(20, 250)
_GUARD_PORT = 1902
_NODES_OF_SIZE = ((224, 24), (896, 26), (1792, 27))
"""Up to so many nodes, each node's pods get a range of this prefix length."""


@dataclass(frozen=True)
class ClusterNetwork:
    """The address plan of the cluster with second octet `octet` and `nodes` nodes."""

    octet: int
    nodes: int

    def node(self, index: int) -> str:
        """The address of a node, counted from 0."""
        return str(IPv4Address(f"127.{self.octet}.0.2") + index)

    @property
    def services(self) -> IPv4Network:
        """Where ClusterIPs come from; the first is the API's, the tenth the cluster DNS's."""
        return IPv4Network(f"127.{self.octet}.16.0/20")

    @property
    def api_address(self) -> str:
        """The ClusterIP of `kubernetes.default`."""
        return str(self.services.network_address + 1)

    @property
    def dns_address(self) -> str:
        """The ClusterIP of `kube-dns`."""
        return str(self.services.network_address + 10)

    def pods(self, index: int) -> IPv4Network:
        """The addresses for the pods of a node."""
        length = next(length for nodes, length in _NODES_OF_SIZE if self.nodes <= nodes)
        start = IPv4Address(f"127.{self.octet}.32.0") + index * 2 ** (32 - length)
        return IPv4Network(f"{start}/{length}")


@dataclass
class Claim:
    """A network that is ours as long as this socket is open; the kernel frees it at our death."""

    network: ClusterNetwork
    guard: socket.socket

    def release(self) -> None:
        """Let others have it."""
        self.guard.close()


def claim_network(nodes: int) -> Claim:
    """The first free network. Raises BadInput when there are too many nodes or clusters."""
    most = _NODES_OF_SIZE[-1][0]
    if not 1 <= nodes <= most:
        raise BadInput(f"a simulated cluster has 1 to {most} nodes, not {nodes}.")
    for octet, guard in _guards():
        guard.listen(1)
        return Claim(ClusterNetwork(octet, nodes), guard)
    raise BadInput(
        f"all {len(_OCTETS)} loopback networks for simulated clusters are taken; delete one "
        "(`upgrade-e2e sweep`)."
    )


def _guards() -> Iterator[tuple[int, socket.socket]]:
    for octet in _OCTETS:
        guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            guard.bind((f"127.{octet}.255.254", _GUARD_PORT))
        except OSError as error:
            guard.close()
            if error.errno != errno.EADDRINUSE:
                raise BadInput(
                    f"cannot bind 127.{octet}.255.254 ({error.strerror}); the simulator needs "
                    "Linux, where all of 127.0.0.0/8 is the machine itself."
                ) from error
            continue
        yield octet, guard
