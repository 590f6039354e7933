"""Planted faults in the plan of a kind cluster, and the kubelet's drop-in."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest

from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind import planting
from upgrade_e2e.providers.kind.planning import make_plan
from upgrade_e2e.providers.kind.planting import with_drop_in
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.upgrade import Fault, Path, Plan, Step, with_faults, without_joining
from upgrade_e2e.upgrade.fault_values import seconds, target_of
from upgrade_e2e.upgrade.faults import CATALOGUE
from upgrade_e2e.version import KubeVersion


def plan_with(*faults: str, planes: int = 1) -> Plan:
    settings = KindSettings(workdir=FilePath("w"), control_planes=planes)
    path = Path(tuple(map(KubeVersion.parse, ("v1.33.13", "v1.34.4", "v1.35.4"))))
    plan = make_plan(settings, path, cgroup_v1=False)
    return with_faults(plan, map(Fault.parse, faults))


def steps_with(*faults: str) -> list[str]:
    return [step.name for step in plan_with(*faults).upgrade]


def before(names: list[str], planted: str) -> str:
    return names[names.index(planted) + 1]


def test_without_a_place_a_fault_comes_first():
    assert steps_with("kubelet-qps=1")[0] == "plant kubelet-qps=1"


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("apiserver-freeze=2s@drain", "drain control-plane"),
        ("apiserver-freeze=2s@drain worker2", "drain worker2"),
        ("kubelet-qps=1@swap-kubelet", "swap-kubelet control-plane"),
        ("fail-step=kubeadm-apply:control-plane", "kubeadm-apply control-plane"),
        ("fail-step=drain:worker", "drain worker"),
        ("late-kube-proxy=20s", "join-node worker3"),
        ("late-kube-proxy=20s@join-node", "join-node worker3"),
        ("slow-cni=5s@drain worker", "drain worker"),
    ],
)
def test_a_fault_comes_right_before_its_step(fault, step):
    names = steps_with(fault)
    assert before(names, f"plant {fault}") == step
    assert names.count(f"plant {fault}") == 1


def test_without_joining_only_the_node_that_joins_is_left_out():
    plan = plan_with("slow-cni=5s@drain worker")
    kept = without_joining(plan)
    assert kept.upgrade == plan.upgrade[:-1]
    assert plan.upgrade[-1].kind == "join-node"
    assert without_joining(kept) == kept


@pytest.mark.parametrize("fault", ["late-kube-proxy=20s", "slow-cni=5s@join-node"])
def test_a_fault_that_needs_a_node_that_joins_is_refused_without_one(fault):
    plan = plan_with(fault)
    with pytest.raises(BadInput, match=r"needs a node that joins.*--scenario new_pods"):
        without_joining(plan)


def test_several_faults_keep_their_places():
    names = steps_with(
        "kubelet-qps=1", "apiserver-freeze=1s@drain worker", "fail-step=drain:worker"
    )
    assert before(names, "plant apiserver-freeze=1s@drain worker") == "plant fail-step=drain:worker"
    assert before(names, "plant fail-step=drain:worker") == "drain worker"


def test_the_rest_of_the_plan_is_as_without_the_fault():
    planted = steps_with("apiserver-freeze=2s@check")
    assert [name for name in planted if not name.startswith("plant")] == steps_with()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("dns-delay=200ms", "has no fault"),
        ("kubelet-qps=many", "no rate"),
        ("kubelet-qps=0", "no rate"),
        ("apiserver-freeze=soon", "no duration"),
        ("apiserver-freeze=61s", "no duration"),
        ("apiserver-freeze=0s", "no duration"),
        ("lacks-image=", "needs a value"),
        ("slow-cni=never", "no duration"),
        ("late-kube-proxy=2m", "no duration"),
        ("lacks-image=pause", "write it with registry and tag"),
        ("lacks-image=registry.k8s.io/pause", "write it with registry and tag"),
        ("lacks-image=registry.k8s.io/pause:3.10.1 x", "write it with registry and tag"),
        ("fail-step=verify", "no step that can be made to fail"),
        ("fail-step=check:worker", "no step that can be made to fail"),
        ("fail-step=drain:worker9", "no step 'drain worker9'"),
        ("apiserver-freeze=2s@lunch", "no step 'lunch'"),
    ],
)
def test_a_fault_that_cannot_be_planted_is_refused(fault, said):
    with pytest.raises(BadInput, match=said):
        steps_with(fault)


def test_every_form_in_the_catalogue_can_be_planted():
    mine = [kind for kind in CATALOGUE if "kind" in kind.providers]
    plan = plan_with(*(kind.form for kind in mine), planes=3)
    assert sum(step.kind == "plant" for step in plan.steps) == len(mine) > 0


def test_values_are_read():
    assert seconds("2s") == 2
    assert seconds("0.5") == 0.5
    assert target_of("drain:worker2") == ("drain", "worker2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "KUBELET_EXTRA_ARGS=--runtime-cgroups=/system.slice/containerd.service",
            'KUBELET_EXTRA_ARGS="--runtime-cgroups=/system.slice/containerd.service FLAG"\n',
        ),
        ('KUBELET_EXTRA_ARGS="--a --b"\n', 'KUBELET_EXTRA_ARGS="--a --b FLAG"\n'),
        ("KUBELET_EXTRA_ARGS=\n", 'KUBELET_EXTRA_ARGS="FLAG"\n'),
        ("", 'KUBELET_EXTRA_ARGS="FLAG"\n'),
        ("OTHER=1\n", 'OTHER=1\nKUBELET_EXTRA_ARGS="FLAG"\n'),
    ],
)
def test_the_drop_in_folder_joins_the_kubelets_arguments(text, expected):
    flag = "--config-dir=/etc/kubernetes/kubelet.conf.d"
    made = with_drop_in(text)
    assert made == expected.replace("FLAG", flag)
    assert with_drop_in(made) == made


@pytest.mark.parametrize(
    ("names", "limited"),
    [(("control-plane", "worker", "worker2"), {"worker", "worker2"}), (("control-plane",), None)],
)
def test_kubelets_are_limited_where_pods_churn(monkeypatch, names, limited):
    nodes = tuple(Node(name, Role(name.rstrip("2"))) for name in names)
    cluster = Cluster("dev", FilePath("kubeconfig"), nodes)
    seen = set()
    monkeypatch.setattr(planting, "_limit_kubelet", lambda _, node, rate: seen.add(node.name))
    step = Step("plant", 60.0, params={"fault": "kubelet-qps", "value": "1"})
    planting.plant(step, cluster)
    assert seen == (limited or set(names))
