"""What the number of nodes means for a plan: where pods have room, and what a single node lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from upgrade_e2e.cluster.room import Room
from upgrade_e2e.providers.kind.registration import registered_taints
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.upgrade import Step
from upgrade_e2e.upgrade.plan import DRAIN

__all__ = ["in_place", "is_single", "planned_room", "shape_choices"]

_SINGLE_NODE = "single-node"
_IN_PLACE = "no drain, as its pods have no other node to go to; containers go on running"
_NEED_A_SECOND_NODE = frozenset({DRAIN, "uncordon"})


def is_single(settings: KindSettings) -> bool:
    """Whether the cluster is one node."""
    return settings.control_planes + settings.workers == 1


def in_place(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps of a single node: its kubelet is replaced under running containers."""
    for step in steps:
        if step.kind == "swap-kubelet":
            yield replace(step, does=(_IN_PLACE, *step.does))
        elif step.kind not in _NEED_A_SECOND_NODE:
            yield step


def planned_room(
    settings: KindSettings, control_planes: Sequence[str], workers: Sequence[str]
) -> Room:
    """Where workloads may run in a cluster that is to be made, by the short names of its nodes.

    A configuration of the user's may give its nodes taints. Of a cluster that is there already
    nothing is known: its nodes may have any.
    """
    if settings.reuse_cluster:
        return Room()
    config = settings.kind_config
    registered = registered_taints(config.text) if config is not None else None
    return Room.planned(control_planes, workers, registered)


def shape_choices(settings: KindSettings, room: Room) -> dict[str, str]:
    """What artifacts say about a cluster of few nodes."""
    single = {_SINGLE_NODE: f"its kubelet is replaced in place: {_IN_PLACE}"}
    return {**(single if is_single(settings) else {}), **room.choices}
