"""The taints that a kind configuration gives its nodes."""

from __future__ import annotations

import pytest
import yaml

from upgrade_e2e.cluster.room import CONTROL_PLANE_TAINT
from upgrade_e2e.providers.kind.registration import registered_taints

GPU = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}


def patch(kind: str, registration: dict) -> str:
    return yaml.safe_dump({"kind": kind, "nodeRegistration": registration})


def config(*nodes: dict, **more) -> str:
    return yaml.safe_dump({"kind": "Cluster", "nodes": list(nodes), **more})


def worker(*patches: str) -> dict:
    return {"role": "worker", "kubeadmConfigPatches": list(patches)}


def test_a_node_has_the_taints_of_its_patch():
    made = config(
        {"role": "control-plane"}, worker(), worker(patch("JoinConfiguration", {"taints": [GPU]}))
    )
    assert registered_taints(made) == {"worker2": [GPU]}


def test_the_first_control_plane_is_initialized_and_every_other_node_joins():
    join, init = (
        patch("JoinConfiguration", {"taints": [GPU]}),
        patch("InitConfiguration", {"taints": []}),
    )
    made = config(
        {"role": "control-plane"}, {"role": "control-plane"}, worker(),
        kubeadmConfigPatches=[f"{join}---\n{init}"],
    )  # fmt: skip
    assert registered_taints(made) == {
        "control-plane": [],
        "control-plane2": [GPU],
        "worker": [GPU],
    }


def test_the_patch_of_a_node_wins_over_that_of_the_cluster():
    made = config(
        {"role": "control-plane"}, worker(patch("JoinConfiguration", {"taints": []})),
        kubeadmConfigPatches=[patch("JoinConfiguration", {"taints": [GPU]})],
    )  # fmt: skip
    assert registered_taints(made) == {"worker": []}


def test_patches_that_say_nothing_of_taints_change_none():
    labelled = patch("JoinConfiguration", {"kubeletExtraArgs": {"node-labels": "a=b"}})
    default = patch("JoinConfiguration", {"taints": None})
    assert (
        registered_taints(config(worker(labelled, default, "kind: KubeletConfiguration\n"))) == {}
    )
    assert registered_taints("kind: Cluster\n") == {}


def test_what_kind_will_refuse_is_left_to_kind():
    for broken in ([{"key": "no-effect"}], "gpu", ["gpu"]):
        assert (
            registered_taints(config(worker(patch("JoinConfiguration", {"taints": broken})))) == {}
        )
    assert (
        registered_taints(config(worker("kind: [", "just a text", "nodeRegistration: 1\n"))) == {}
    )


KEY, EFFECT = "slurm.test/managed", "NoExecute"
FLAG = {"register-with-taints": f"{KEY}=bridge:{EFFECT},spare:NoSchedule"}
FLAGGED = [{"key": KEY, "effect": EFFECT}, {"key": "spare", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    "arguments", [FLAG, [{"name": name, "value": value} for name, value in FLAG.items()]]
)
def test_the_flag_of_the_kubelet_is_all_that_a_worker_registers_with(arguments):
    join = patch("JoinConfiguration", {"taints": [GPU], "kubeletExtraArgs": arguments})
    assert registered_taints(config({"role": "control-plane"}, worker(join))) == {"worker": FLAGGED}


def test_a_control_plane_has_its_own_taint_next_to_those_of_the_flag():
    init = patch("InitConfiguration", {"kubeletExtraArgs": FLAG})
    (taints,) = registered_taints(config({"kubeadmConfigPatches": [init]})).values()
    assert [taint["key"] for taint in taints] == [CONTROL_PLANE_TAINT, KEY, "spare"]


@pytest.mark.parametrize(
    ("operation", "taints"),
    [
        ({"op": "add", "path": "/nodeRegistration/taints", "value": [GPU]}, [GPU]),
        ({"op": "replace", "path": "/nodeRegistration/taints", "value": []}, []),
        ({"op": "add", "path": "/nodeRegistration/taints/-", "value": GPU}, [FLAGGED[0], GPU]),
        ({"op": "add", "path": "/nodeRegistration/name", "value": "own"}, [FLAGGED[0]]),
    ],
)
def test_a_json_patch_comes_after_the_others(operation, taints):
    made = worker(patch("JoinConfiguration", {"taints": FLAGGED[:1]}))
    json_patch = {"group": "kubeadm.k8s.io", "version": "v1beta3", "kind": "JoinConfiguration"}
    made["kubeadmConfigPatchesJSON6902"] = [json_patch | {"patch": yaml.safe_dump([operation])}]
    assert registered_taints(config({"role": "control-plane"}, made)) == {"worker": taints}
