"""Names that streams and spans have on every timeline, and that those who judge them must know."""

from __future__ import annotations

__all__ = ["EARLY", "KNOCKED", "NEW", "TAINT", "family_of"]

EARLY, NEW = "-early", "-new"
"""The endings of streams of pods that started soon after the kubelet of their node did, and soon
after their node came into the cluster: `dns-early@worker` is like `dns@worker`."""
KNOCKED = ("clusterip", "dns", "peer", "gateway")
"""What new pods try from their first moment on; each is a kind of stream."""
TAINT = "taint"
"""The kind of spans that say how long a node had a taint: a state next to the steps, no step."""


def family_of(stream: str) -> str:
    """The kind of a stream without such an ending: `dns` of `dns-early@worker`."""
    kind = stream.partition("@")[0]
    return kind.removesuffix(EARLY).removesuffix(NEW)
