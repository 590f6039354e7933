"""Whether the watched workloads fit a cluster: no budget of ours may hold up a drain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upgrade_e2e.cluster.room import Room
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.base import Alterable, Observer, label_or_kind
from upgrade_e2e.observers.workload import Workload

__all__ = ["require_room"]


def require_room(observers: Iterable[Observer], room: Room, drained: Iterable[str]) -> None:
    """Refuse, with BadInput, workloads that run nowhere or cannot leave a node that is drained.

    `drained` are the nodes that the pass drains, by their short names. A room without any nodes is
    that of a cluster of which nothing is known yet, and refuses nothing.
    """
    watched = list(_workloads_of(observers))
    if not room.nodes or not watched:
        return
    if not room.usable:
        raise BadInput(
            f"the workload that {watched[0][0]} watches can run on none of the nodes "
            f"({', '.join(room.nodes)}): each has a taint or is cordoned. Remove the taint of a "
            "node, or add a worker."
        )
    stuck = room.stuck_drains(drained)
    for name, workload in watched:
        if stuck and workload.min_available:
            raise BadInput(
                f"`drain {stuck[0]}` would wait for the budget of the workload that {name} watches "
                f"(minAvailable {workload.min_available} of {workload.replicas}) until it fails: "
                f"its pods can run on {stuck[0]} alone, since every other node has a taint or is "
                "cordoned. Remove the taint of a node, add a worker, or give the workload "
                "pdb_min_available=0."
            )


def _workloads_of(observers: Iterable[Observer]) -> Iterator[tuple[str, Workload]]:
    """The workload of each observer that has one, with the observer's label."""
    for observer in observers:
        if not isinstance(observer, Alterable):
            continue
        found: list[Workload] = []

        def note(workload: Workload, found: list[Workload] = found) -> Workload:
            found.append(workload)
            return workload

        observer.altered(note)
        yield from ((label_or_kind(observer), workload) for workload in found)
