"""On which nodes a watched workload may run."""

from __future__ import annotations

from typing import Any

import pytest

from upgrade_e2e.cluster.room import CONTROL_PLANE_TAINT, ROOM_CHOICE, Room

GPU = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
CONTROL = {"key": CONTROL_PLANE_TAINT, "effect": "NoSchedule"}


def node(name: str, *taints: dict[str, str], **spec: Any) -> dict[str, Any]:
    """A Node as the API shows it: no field where there is no taint."""
    return {"metadata": {"name": name}, "spec": {**spec, **({"taints": taints} if taints else {})}}


def test_with_two_open_nodes_control_planes_are_left_alone():
    room = Room.of_nodes([node("c", CONTROL), node("w"), node("w2")])
    assert room.usable == ("w", "w2")
    assert room.tolerations == []
    assert room.choices == {}


def test_with_one_open_node_workloads_are_let_onto_control_planes_and_it_is_said():
    room = Room.of_nodes([node("dev-c", CONTROL), node("dev-w")], prefix="dev-")
    assert room.usable == ("w", "c")
    assert room.tolerations == [{"key": CONTROL_PLANE_TAINT, "operator": "Exists"}]
    assert "w is the only node that takes every pod" in room.choices[ROOM_CHOICE]


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_a_node_with_a_taint_of_its_own_is_not_ours_to_use(effect):
    room = Room.of_nodes([node("c", CONTROL), node("w"), node("gpu", {**GPU, "effect": effect})])
    assert room.nodes == ("c", "w", "gpu")
    assert room.usable == ("w", "c")


def test_a_control_plane_with_another_taint_stays_closed():
    room = Room.of_nodes([node("c", CONTROL, GPU), node("w")])
    assert room.usable == ("w",)
    assert room.choices == {}


def test_a_cordoned_node_has_no_room_even_where_its_taint_has_not_come_yet():
    cordoned = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    room = Room.of_nodes([node("a", unschedulable=True), node("b", cordoned), node("c")])
    assert room.usable == ("c",)


@pytest.mark.parametrize(
    "taint",
    [
        {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"},
        {"key": "spot", "effect": "PreferNoSchedule"},
    ],
)
def test_what_passes_or_only_advises_keeps_nothing_out(taint):
    assert Room.of_nodes([node("w", taint), node("w2")]).usable == ("w", "w2")


def test_a_drain_is_stuck_where_pods_have_nowhere_else_to_go():
    closed = Room.of_nodes([node("c", CONTROL), node("gpu", GPU)])
    assert closed.usable == ("c",)
    assert closed.stuck_drains(["c", "gpu"]) == ("c",)
    assert closed.stuck_drains([]) == ()
    assert Room.of_nodes([node("c", CONTROL), node("w")]).stuck_drains(["c", "w"]) == ()


def test_kubeadm_gives_control_planes_their_taint_unless_they_are_alone():
    assert Room.planned(["c"], []).open_nodes == ("c",)
    assert Room.planned(["c", "c2", "c3"], []).control_planes == ("c", "c2", "c3")
    assert Room.planned(["c"], ["w", "w2"]).open_nodes == ("w", "w2")


def test_taints_with_which_a_node_registers_replace_those_of_kubeadm():
    assert Room.planned(["c"], ["w"], {"c": []}).open_nodes == ("c", "w")
    assert Room.planned(["c"], ["w", "w2"], {"w2": [GPU]}).usable == ("w", "c")
    assert Room.planned(["c"], [], {"c": [GPU, CONTROL]}).usable == ()
