"""No budget of ours holds up a drain: every shape against a small model of evictions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.cluster.room import CONTROL_PLANE_TAINT, Room
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers import HttpEdge, HttpService, PodChurn, Workload, require_room

GPU = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
CONTROL = {"key": CONTROL_PLANE_TAINT, "effect": "NoSchedule"}
TAINTS = st.sampled_from([None, [], [GPU], [CONTROL], [CONTROL, GPU]])


def drains(usable: Sequence[str], workload: Workload, pods: list[str], node: str) -> bool:
    """Whether `node` can be drained of `pods`, given by the nodes they are on.

    One pod is evicted when enough others are ready; its replacement is ready at once, on a node
    that is not cordoned, or waits for one.
    """
    free = [one for one in usable if one != node]
    ready = list(pods)
    while node in ready:
        if len(ready) - 1 < workload.min_available:
            return False
        ready.remove(node)
        if free:
            ready.append(free[len(ready) % len(free)])
    return True


@st.composite
def rooms(draw) -> Room:
    """Every shape that is accepted, with taints."""
    controls = [f"c{n}" for n in range(draw(st.sampled_from((1, 3))))]
    workers = [f"w{n}" for n in range(draw(st.integers(0, 4)))]
    registered = {name: draw(TAINTS) for name in (*controls, *workers)}
    return Room.planned(controls, workers, {k: v for k, v in registered.items() if v is not None})


@st.composite
def workloads(draw) -> Workload:
    replicas = draw(st.integers(1, 5))
    budget = draw(st.none() | st.integers(0, replicas - 1))
    return Workload(replicas=replicas, pdb_min_available=budget)


def drained_in(room: Room) -> Sequence[str]:
    """A single node is not drained."""
    return room.nodes if len(room.nodes) > 1 else ()


def blocked(room: Room, workload: Workload) -> bool:
    """Whether some drain is blocked, from some placement of the pods."""
    places = itertools.combinations_with_replacement(room.usable, workload.replicas)
    return any(
        not drains(room.usable, workload, list(pods), node)
        for pods in places
        for node in drained_in(room)
    )


@given(rooms(), workloads())
def test_a_shape_is_refused_where_a_drain_would_be_blocked_and_only_there(room, workload):
    web = HttpService(workload=workload)
    try:
        require_room((web,), room, drained_in(room))
    except BadInput:
        assert not room.usable or blocked(room, workload)
    else:
        assert room.usable
        assert not blocked(room, workload)


@pytest.mark.parametrize("control_planes", [1, 3])
@pytest.mark.parametrize("workers", range(5))
def test_no_shape_without_taints_of_its_own_is_refused(control_planes, workers):
    controls, others = (
        [f"{role}{n}" for n in range(count)]
        for role, count in (("c", control_planes), ("w", workers))
    )
    room = Room.planned(controls, others)
    require_room((HttpService(), HttpEdge()), room, drained_in(room))
    assert not blocked(room, Workload())


def test_the_model_knows_the_drain_that_never_ended():
    """Three replicas on the only worker, two to be kept, control planes closed to them."""
    assert not drains(["w"], Workload(), ["w"] * 3, "w")
    assert drains(["w", "c"], Workload(), ["w"] * 3, "w")
    assert drains(["w"], Workload(pdb_min_available=0), ["w"] * 3, "w")


def test_the_refusal_names_the_drain_the_budget_and_the_way_out():
    room = Room.planned(["c"], ["w"], {"w": [GPU]})
    with pytest.raises(BadInput, match=r"`drain c` .* edge watches .*2 of 3.*pdb_min_available=0"):
        require_room((HttpEdge(),), room, ("c", "w"))
    require_room((HttpService(workload=Workload(pdb_min_available=0)),), room, ("c", "w"))
    require_room((PodChurn(),), room, ("c", "w"))
    with pytest.raises(BadInput, match=r"can run on none of the nodes \(c, w\)"):
        require_room((HttpService(),), Room.planned(["c"], ["w"], {"c": [GPU], "w": [GPU]}), ())


def test_a_cluster_of_which_nothing_is_known_is_not_refused():
    require_room((HttpService(),), Room(), ("c", "w"))
