"""Names that streams and spans have on every timeline, and that those who judge them must know."""

from __future__ import annotations

__all__ = [
    "EARLY",
    "KNOCKED",
    "NEW",
    "NO_STEPS",
    "RESTORE",
    "SNAPSHOT",
    "START",
    "TAINT",
    "family_of",
    "under_way",
]

EARLY, NEW = "-early", "-new"
"""The endings of streams of pods that started soon after the kubelet of their node did, and soon
after their node came into the cluster: `dns-early@worker` is like `dns@worker`."""
KNOCKED = ("clusterip", "dns", "peer", "gateway")
"""What new pods try from their first moment on; each is a kind of stream."""
START = "start"
"""The kind of stream of pods that are bound to a node and wait for their first moment."""
TAINT = "taint"
"""The kind of spans that say how long a node had a taint: a state next to the steps, no step."""
SNAPSHOT, RESTORE = "snapshot", "restore"
"""The kinds of spans of a snapshot of etcd that was taken, and of its reading back."""
NO_STEPS = frozenset({TAINT, SNAPSHOT, RESTORE})
"""Kinds of spans in which nothing is done to the cluster, so that they explain nothing."""


def family_of(stream: str) -> str:
    """The kind of a stream without such an ending: `dns` of `dns-early@worker`."""
    kind = stream.partition("@")[0]
    return kind.removesuffix(EARLY).removesuffix(NEW)


def under_way(family: str) -> frozenset[str]:
    """The families of which something in flight means that this one will have samples too.

    A pod that waits to start will try its network, and has not done so yet.
    """
    return frozenset({family, START}) if family in KNOCKED else frozenset({family})
