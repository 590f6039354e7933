"""The nodes that a simulated cluster has, by the names that kind gives."""

from __future__ import annotations

from upgrade_e2e.cluster import Node, Role
from upgrade_e2e.errors import BadInput

__all__ = ["nodes_of"]


def nodes_of(cluster: str, control_planes: int, workers: int) -> tuple[Node, ...]:
    """Such as `e2e-control-plane`, `e2e-worker`, `e2e-worker2`. Raises BadInput."""
    if control_planes != 1:
        raise BadInput(
            f"a simulated cluster has one control plane, not {control_planes}; use --provider kind "
            "for more."
        )
    if workers < 1:
        raise BadInput(
            "a simulated cluster needs one worker at least, because the simulator knows no node "
            "that is upgraded without a drain; use --provider kind for a single node."
        )
    names = ["worker", *(f"worker{number}" for number in range(2, workers + 1))]
    return (
        Node(f"{cluster}-control-plane", Role.CONTROL_PLANE),
        *(Node(f"{cluster}-{name}", Role.WORKER) for name in names[:workers]),
    )
