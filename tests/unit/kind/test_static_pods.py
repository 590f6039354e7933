"""When the static pods of a control plane count as settled."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from e2e.cluster import Cluster, Node, Role
from e2e.errors import DeadlinePassed
from e2e.providers.kind.static_pods import COMPONENTS, observe, wait_until_settled
from tests.unit.kind.fakes import ScriptedRunner, pod

NODE = "dev-control-plane"
MIRRORS = f"/api/v1/namespaces/kube-system/pods?fieldSelector=spec.nodeName%3D{NODE}"


def kubelet_pods(hashes, *, ready=True):
    """The kubelet's own list: a static pod's UID is its hash."""
    made = [
        pod(
            f"{name}-{NODE}",
            ready=ready,
            annotations={"kubernetes.io/config.hash": h, "kubernetes.io/config.source": "file"},
        )
        for name, h in hashes.items()
    ]
    coredns = pod("coredns-1", ready=False, annotations={"kubernetes.io/config.source": "api"})
    return json.dumps({"items": [*made, coredns]})


def mirror_pods(hashes, *, ready=True):
    """What the API shows of them."""
    made = [
        pod(
            f"{name}-{NODE}",
            ready=ready,
            annotations={"kubernetes.io/config.mirror": h, "kubernetes.io/config.source": "file"},
        )
        for name, h in hashes.items()
    ]
    return {"items": made}


OLD = dict.fromkeys(COMPONENTS, "old")
NEW = dict.fromkeys(COMPONENTS, "new")


@pytest.fixture
def seen(api, tmp_path):
    """What is observed when the kubelet and the API tell these."""

    def look(kubelet, mirrors):
        api.answers[MIRRORS] = mirrors
        runner = ScriptedRunner(answers=[(0, kubelet)])
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(api.kubeconfig())
        node = Node(NODE, Role.CONTROL_PLANE, runner)
        return observe(Cluster("dev", kubeconfig, (node,)), node)

    return look


def test_same_hash_and_ready_on_both_sides_is_settled(seen):
    assert seen(kubelet_pods(NEW), mirror_pods(NEW)).is_settled


def test_a_new_hash_that_the_api_does_not_show_yet_is_not(seen):
    one_behind = {**NEW, "kube-scheduler": "old"}
    found = seen(kubelet_pods(NEW), mirror_pods(one_behind))
    assert not found.is_settled
    assert "kube-scheduler-dev-control-plane ready, the API still shows the one before" in repr(
        found
    )


def test_not_ready_at_the_new_hash_is_not_settled(seen):
    assert not seen(kubelet_pods(NEW, ready=False), mirror_pods(NEW)).is_settled
    assert not seen(kubelet_pods(NEW), mirror_pods(NEW, ready=False)).is_settled


@pytest.mark.parametrize("missing", COMPONENTS)
def test_a_component_that_is_not_there_is_not_settled(seen, missing):
    partial = {name: h for name, h in NEW.items() if name != missing}
    assert not seen(kubelet_pods(partial), mirror_pods(partial)).is_settled


def test_a_kubelet_that_has_not_read_its_manifests_is_not_settled(seen):
    assert not seen(json.dumps({"items": None}), mirror_pods(OLD)).is_settled


def test_a_patch_that_changes_no_hash_settles_at_once(seen):
    assert seen(kubelet_pods(OLD), mirror_pods(OLD)).is_settled


def test_a_name_that_is_the_start_of_another_is_not_taken_for_it(seen):
    named = {("kube-schedulers" if n == "kube-scheduler" else n): h for n, h in NEW.items()}
    assert not seen(kubelet_pods(named), mirror_pods(named)).is_settled


def test_the_wait_outlasts_an_api_that_is_away(api, tmp_path):
    api.answers[MIRRORS] = [
        (403, {"message": "forbidden"}),
        (500, {}),
        mirror_pods(OLD),
        mirror_pods(NEW),
    ]
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    refused = (7, "curl: (7) Failed to connect")
    answers = [refused, *((0, kubelet_pods(NEW)) for _ in range(5))]
    node = Node(NODE, Role.CONTROL_PLANE, ScriptedRunner(answers=answers))
    wait_until_settled(Cluster("dev", kubeconfig, (node,)), node, within_s=30)
    assert len(api.asked) == 5


def test_the_deadline_tells_which_pod_is_late(api, tmp_path):
    api.answers[MIRRORS] = mirror_pods({**NEW, "etcd": "old"})
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    runner = ScriptedRunner(answers=[(0, kubelet_pods(NEW))])
    node = replace(Node(NODE, Role.CONTROL_PLANE), runner=runner)
    with pytest.raises(DeadlinePassed, match="etcd-dev-control-plane ready, the API still shows"):
        wait_until_settled(Cluster("dev", kubeconfig, (node,)), node, within_s=0)
