"""The names of a cluster's nodes without that of the cluster, as kind numbers them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from upgrade_e2e.cluster import Role

__all__ = ["node_names", "short_names"]


def short_names(roles: Iterable[str]) -> tuple[str, ...]:
    """A name for each role in turn: `worker`, `worker2`, `worker3`."""
    seen: Counter[str] = Counter()
    names = []
    for role in roles:
        seen[role] += 1
        names.append(role if seen[role] == 1 else f"{role}{seen[role]}")
    return tuple(names)


def node_names(control_planes: int, workers: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of so many control planes, and of so many workers."""
    return (
        short_names([Role.CONTROL_PLANE.value] * control_planes),
        short_names([Role.WORKER.value] * workers),
    )
