"""Taints that say something of a node's network, by their keys."""

from __future__ import annotations

__all__ = ["is_network_taint", "waits_for_network"]

_STATES = frozenset(
    {
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.cloudprovider.kubernetes.io/uninitialized",
    }
)
_UNAVAILABLE = "node.kubernetes.io/network-unavailable"
_READINESS = "readiness.k8s.io/"
_AGENT = "/agent-not-ready"


def is_network_taint(key: str) -> bool:
    """Whether a taint with this key keeps pods off a node until it, or its network, is ready."""
    return key in _STATES or waits_for_network(key)


def waits_for_network(key: str) -> bool:
    """Whether such a taint stays until the network of the node works.

    `network-unavailable` is lifted by what sets up a node's routes, `readiness.k8s.io/...` by the
    node readiness controller (KEP-5233), `node.cilium.io/agent-not-ready` and its like by a network
    agent. `not-ready` is no such taint: the kubelet is ready once there is a network configuration,
    whoever serves it.
    """
    return key == _UNAVAILABLE or key.startswith(_READINESS) or key.endswith(_AGENT)
