"""The plan: what must hold for every shape of cluster and every path."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path as FilePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.cgroup_v1 import on_cgroup_v1
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.numbering import node_names
from upgrade_e2e.providers.kind.planning import make_plan
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.watches import WAIT_FOR_WATCHES as WAIT
from upgrade_e2e.upgrade import Fault, Path, Plan, with_faults
from upgrade_e2e.version import KubeVersion

shapes = st.builds(
    KindSettings,
    workdir=st.just(FilePath("work")),
    control_planes=st.sampled_from((1, 3, 5)),
    workers=st.integers(0, 4),
)


@st.composite
def paths(draw):
    versions = [KubeVersion(1, draw(st.integers(30, 33)), draw(st.integers(0, 9)))]
    for _ in range(draw(st.integers(1, 3))):
        versions.append(KubeVersion(1, versions[-1].minor + 1, draw(st.integers(0, 9))))
    return Path(tuple(versions))


def plan_of(settings: KindSettings, *words: str, cgroup_v1: bool = False) -> Plan:
    path = Path(tuple(map(KubeVersion.parse, words or ("v1.33.13", "v1.34.4"))))
    return make_plan(settings, path, cgroup_v1=cgroup_v1)


def hops_of(plan):
    return {hop: list(steps) for hop, steps in groupby(plan.upgrade, key=lambda step: step.hop)}


@given(shapes, paths())
def test_the_whole_path_is_staged_before_anything_is_upgraded(settings, path):
    plan = make_plan(settings, path, cgroup_v1=False)
    assert plan.prepare[0].kind == "create"
    assert [step.about for step in plan.prepare[1:]] == [str(v) for v in path.versions[1:]]
    assert {step.hop for step in plan.prepare} == {""}


@given(shapes, paths())
def test_hops_follow_one_another_in_the_order_of_the_path(settings, path):
    plan = make_plan(settings, path, cgroup_v1=False)
    in_order = [hop for hop, _ in groupby(step.hop for step in plan.upgrade)]
    assert in_order == [str(hop) for hop in path.hops]


@given(shapes, paths())
def test_all_control_planes_come_before_any_kubelet(settings, path):
    controls, _ = node_names(settings.control_planes, settings.workers)
    for steps in hops_of(make_plan(settings, path, cgroup_v1=False)).values():
        kinds = [(step.kind, step.node) for step in steps]
        raised = [("kubeadm-apply", controls[0]), *(("kubeadm-node", n) for n in controls[1:])]
        assert kinds[: len(raised)] == raised
        assert kinds[len(raised)] == ("roll-addons", "")


@given(shapes, paths())
def test_each_node_is_taken_through_once_a_hop_and_in_order(settings, path):
    controls, workers = node_names(settings.control_planes, settings.workers)
    for steps in hops_of(make_plan(settings, path, cgroup_v1=False)).values():
        for node in (*controls, *workers):
            kinds = [step.kind for step in steps if step.node == node]
            first = "kubeadm-apply" if node == controls[0] else "kubeadm-node"
            several = len((*controls, *workers)) > 1
            before, after = ((WAIT, "drain"), ("uncordon",)) if several else ((), ())
            assert kinds == [first, *before, "swap-kubelet", *after, "check"]
        swapped = [step.node for step in steps if step.kind == "swap-kubelet"]
        assert swapped == [*controls, *workers]


@given(shapes.filter(lambda one: one.control_planes + one.workers > 1), paths())
def test_one_node_is_done_before_the_next_is_drained(settings, path):
    for steps in hops_of(make_plan(settings, path, cgroup_v1=False)).values():
        out = None
        for step in steps:
            if step.kind == "drain":
                assert out is None
                out = step.node
            elif step.kind == "check":
                assert out == step.node
                out = None


@given(shapes, paths())
def test_names_are_unique_within_a_hop_and_steps_explain_themselves(settings, path):
    plan = make_plan(settings, path, cgroup_v1=False)
    for steps in hops_of(plan).values():
        names = [step.name for step in steps]
        assert len(set(names)) == len(names)
    assert all(step.does and step.timeout_s > 0 for step in plan.steps)
    assert [step.kind for step in plan.verify] == ["verify"]


def test_the_names_are_those_that_people_know():
    plan = plan_of(KindSettings(workdir=FilePath("w"), workers=2))
    assert [step.name for step in plan.steps] == [
        "create",
        "stage v1.34.4",
        "kubeadm-apply control-plane",
        "roll-addons",
        *(f"{kind} control-plane" for kind in (WAIT, "drain", "swap-kubelet", "uncordon", "check")),
        *(
            f"{kind} {node}"
            for node in ("worker", "worker2")
            for kind in ("kubeadm-node", WAIT, "drain", "swap-kubelet", "uncordon", "check")
        ),
        "join-node worker3",
        "verify",
    ]


def test_a_single_node_is_not_drained_and_the_plan_says_so():
    plan = plan_of(KindSettings(workdir=FilePath("w"), workers=0))
    assert [step.name for step in plan.upgrade] == [
        "kubeadm-apply control-plane",
        "roll-addons",
        "swap-kubelet control-plane",
        "check control-plane",
    ]
    (swap,) = (step for step in plan.upgrade if step.kind == "swap-kubelet")
    assert "no drain" in swap.does[0]
    assert "no drain" in plan.choices["single-node"]
    assert plan.drained == ()
    assert plan.room.open_nodes == ("control-plane",)


@given(shapes, paths())
def test_watched_pods_can_leave_every_node_that_is_drained(settings, path):
    plan = make_plan(settings, path, cgroup_v1=False)
    assert set(plan.room.nodes) == {
        name for names in node_names(settings.control_planes, settings.workers) for name in names
    }
    for node in plan.drained:
        assert set(plan.room.usable) - {node}


@pytest.mark.parametrize(("control_planes", "workers"), [(1, 1), (3, 0), (3, 1)])
def test_where_workers_are_too_few_the_plan_says_where_workloads_run(control_planes, workers):
    narrow = KindSettings(workdir=FilePath("w"), control_planes=control_planes, workers=workers)
    plan = plan_of(narrow)
    assert "may run on control planes too" in plan.choices["watched-workloads"]
    assert set(plan.room.usable) == set(plan.drained)
    reused = plan_of(replace(narrow, reuse_cluster="mine"))
    assert reused.room.nodes == (), "what taints its nodes have is not known"
    assert "watched-workloads" not in reused.choices


def test_choices_that_change_what_is_measured_are_named():
    plain = KindSettings(workdir=FilePath("w"))
    assert plan_of(plain).choices == {}
    assert plan_of(plain, cgroup_v1=True).choices == {}
    new = ("v1.34.4", "v1.35.4")
    assert "failCgroupV1" in plan_of(plain, *new, cgroup_v1=True).choices["fail-cgroup-v1"]
    assert plan_of(plain, *new, cgroup_v1=False).choices == {}
    fast = plan_of(replace(plain, fast_control_plane=True)).choices["fast-control-plane"]
    assert "request-timeout=5s" in fast
    assert plan_of(replace(plain, reuse_cluster="mine")).choices == {"reuse-cluster": "mine"}
    faulty = with_faults(plan_of(plain), [Fault.parse("kubelet-qps=1")])
    assert faulty.choices == {"fault kubelet-qps": "kubelet-qps=1"}


@pytest.fixture
def theirs(tmp_path):
    """Settings with a configuration of the user's."""

    def of(text: str, **choices) -> KindSettings:
        file = tmp_path / "kind.yaml"
        file.write_text("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n" + text)
        config = KindConfig.read(file)
        counts = {"control_planes": config.control_planes, "workers": config.workers}
        return KindSettings(workdir=FilePath("w"), kind_config=config, **counts, **choices)

    return of


def test_their_configuration_is_a_choice_by_its_file_and_its_digest(theirs, tmp_path):
    settings = theirs("name: shop\nnodes: [{image: old:1}, {role: worker}, {role: worker}]\n")
    plan = plan_of(settings)
    assert plan.choices == {
        "kind-config": f"{tmp_path / 'kind.yaml'}: 1 control plane(s), 2 worker(s)",
        "kind-config-digest": settings.kind_config.digest,
    }
    made = "\n".join(plan.prepare[0].does)
    assert f"kind create cluster --config {tmp_path / 'kind.yaml'}: 1 control plane(s)" in made
    assert "its nodes get kindest/node:v1.33.13, in place of old:1" in made
    assert "its name 'shop' is not used" in made


def test_older_kubelets_are_a_choice_and_said_where_the_cluster_is_made(theirs):
    plan = plan_of(theirs("nodes: [{}, {role: worker, image: 'kindest/node:v1.32.5'}]\n"))
    assert plan.choices["older-kubelets"] == "worker v1.32.5"
    assert any("worker keeps kindest/node:v1.32.5" in line for line in plan.prepare[0].does)
    with pytest.raises(BadInput, match="4 minor versions older"):
        plan_of(theirs("nodes: [{}, {role: worker, image: 'kindest/node:v1.30.1'}]\n"))


def test_taints_of_the_configuration_leave_less_room(theirs):
    tainted = (
        "- role: worker\n  kubeadmConfigPatches:\n  - |\n    kind: JoinConfiguration\n"
        "    nodeRegistration: {taints: [{key: only, value: batch, effect: NoSchedule}]}\n"
    )
    plain, less = theirs("nodes: [{}, {role: worker}, {role: worker}]\n"), "nodes:\n- {}\n"
    usual = plan_of(plain)
    tight = plan_of(theirs(less + tainted + "- role: worker\n"))
    assert usual.room != tight.room
    assert usual.room == plan_of(KindSettings(workdir=FilePath("w"))).room


def test_mounts_are_said_with_where_they_come_from(theirs, tmp_path):
    mount = "{hostPath: ./audit.yaml, containerPath: /a}"
    settings = theirs(f"nodes: [{{extraMounts: [{mount}]}}, {{role: worker}}]\n")
    line = f"mount ./audit.yaml is taken from the folder of {tmp_path / 'kind.yaml'}"
    assert (
        f"{line} (not there: docker makes an empty folder of it)"
        in plan_of(settings).prepare[0].does
    )
    (tmp_path / "audit.yaml").write_text("a: 1")
    assert line in plan_of(settings).prepare[0].does


def test_a_mount_that_this_user_may_not_look_at_is_not_said_to_be_missing(theirs, tmp_path, hide):
    hide(tmp_path / "shut")
    mounts = f"{{hostPath: shut/a}}, {{hostPath: {tmp_path}/shut/b}}"
    plan = plan_of(theirs(f"nodes: [{{extraMounts: [{mounts}]}}, {{role: worker}}]\n"))
    assert not any("not there" in line for line in plan.prepare[0].does)


def test_a_cluster_without_a_network_plugin_is_warned_of(theirs):
    text = "networking: {disableDefaultCNI: true}\nnodes: [{}, {role: worker}]\n"
    assert "nodes do not become Ready" in plan_of(theirs(text)).choices["network-plugin"]
    command = ("kubectl", "apply", "-f", "cni.yaml")
    plan = plan_of(theirs(text, after_create=command))
    assert "network-plugin" not in plan.choices
    assert plan.choices["after-create"] == "kubectl apply -f cni.yaml"
    assert "before the nodes must be Ready, run kubectl apply -f cni.yaml" in plan.prepare[0].does


def test_nodes_that_could_not_be_counted_are_said_to_be_a_guess():
    settings = KindSettings(workdir=FilePath("w"), reuse_cluster="mine")
    assert not any("guess" in line for line in plan_of(settings).prepare[0].does)
    assumed = plan_of(replace(settings, nodes_assumed=True))
    assert any("a guess" in line for line in assumed.prepare[0].does)


def test_what_makes_a_cluster_does_not_go_with_one_that_is_there(theirs):
    with pytest.raises(BadInput, match=r"mine is made already, .* kind-config .*kind\.yaml"):
        theirs("nodes: [{}, {role: worker}]\n", reuse_cluster="mine")
    with pytest.raises(BadInput, match="run that command by hand before"):
        KindSettings(workdir=FilePath("w"), reuse_cluster="mine", after_create=("true",))


def test_counts_that_are_not_those_of_the_configuration_are_refused(theirs):
    config = theirs("nodes: [{}, {role: worker}]\n").kind_config
    with pytest.raises(BadInput, match=r"1 control plane\(s\) and 1 worker\(s\), not 1 and 2"):
        KindSettings(workdir=FilePath("w"), kind_config=config)


def test_a_target_without_upgrade_configuration_is_refused():
    with pytest.raises(BadInput, match=r"v1\.30\.4 is older than v1\.31"):
        plan_of(KindSettings(workdir=FilePath("w")), "v1.29.1", "v1.30.4")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"control_planes": 2}, "majority in etcd"),
        ({"control_planes": 0}, "majority in etcd"),
        ({"workers": -1}, "-1 workers cannot be"),
        ({"image_template": "kindest/node:latest"}, "names no version"),
        ({"cluster_name": "Not_Fit"}, "does not fit"),
        ({"cluster_name": "x" * 41}, "does not fit"),
        ({"reuse_cluster": "mine", "fast_control_plane": True}, "keeps its flags"),
        ({"reuse_cluster": "mine", "cluster_name": "other"}, "has its name already"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong, said):
    with pytest.raises(BadInput, match=said):
        KindSettings(workdir=FilePath("w"), **wrong)


def test_the_cgroup_version_is_read_from_the_hierarchy(tmp_path):
    assert on_cgroup_v1(tmp_path)
    (tmp_path / "cgroup.controllers").touch()
    assert not on_cgroup_v1(tmp_path)
    assert not on_cgroup_v1(tmp_path / "absent")


OWN = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: UpgradeConfiguration
apply: {skipPhases: [addon], ignorePreflightErrors: [CreateJob], patches: {directory: /patches}}
"""


def does(plan: Plan, name: str) -> str:
    return "\n".join(next(step for step in plan.steps if step.name == name).does)


def test_the_users_own_procedure_is_in_the_plan(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(OWN)
    plan = plan_of(
        KindSettings(
            workdir=FilePath("w"),
            upgrade_config=file,
            drain_timeout_s=900,
            drain_args=("--ignore-daemonsets", "--disable-eviction"),
            step_timeout_s=1800,
        )
    )
    assert plan.choices["upgrade-config"].startswith("own.yaml (sha256:")
    assert "apply skips addon" in plan.choices["upgrade-config"]
    assert plan.choices["drain-timeout"] == "900 s"
    assert plan.choices["drain-args"] == "--ignore-daemonsets --disable-eviction"
    assert plan.choices["step-timeout"] == "1800 s"
    apply = does(plan, "kubeadm-apply control-plane")
    for part in ("skipped phases: addon", "patches: /patches", "CreateJob, Swap", str(file)):
        assert part in apply
    assert "skipped phases" not in does(plan, "kubeadm-node worker")
    rolled = does(plan, "roll-addons")
    assert "coredns, kube-proxy: left alone" in rolled
    assert "kubeadm rolls" not in rolled
    assert "no new version is wanted" in does(plan, "verify")
    assert "with its patches" in does(plan, "verify")
    drain = does(plan, "drain worker")
    assert "--ignore-daemonsets --disable-eviction --timeout=900s" in drain
    assert "budgets are not asked" in drain.lower().replace("poddisruptionbudgets", "budgets")


def test_without_one_the_plan_drains_as_ever():
    assert does(plan_of(KindSettings(workdir=FilePath("w"))), "drain worker") == (
        "kubectl drain worker --ignore-daemonsets --delete-emptydir-data --force --timeout=300s "
        "(PodDisruptionBudgets are respected)"
    )


def test_a_configuration_that_cannot_work_is_refused_by_the_plan(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(OWN.replace("UpgradeConfiguration", "InitConfiguration"))
    settings = KindSettings(workdir=FilePath("w"), upgrade_config=file)
    with pytest.raises(BadInput, match="its kind is 'InitConfiguration'"):
        plan_of(settings)
    file.write_text(OWN)
    settings = KindSettings(workdir=FilePath("w"), upgrade_config=file)
    with pytest.raises(BadInput, match=r"v1\.31\.9 ignores skipPhases"):
        plan_of(settings, "v1.30.1", "v1.31.9")


def test_who_does_not_want_to_wait_drains_at_once_and_the_plan_says_so():
    plan = plan_of(KindSettings(workdir=FilePath("w"), wait_for_watches=False))
    assert WAIT not in {step.kind for step in plan.steps}
    assert plan.choices["no-wait-for-watches"] == "nodes are drained at once"


@given(shapes, paths())
def test_a_node_joins_last_of_all_at_the_last_version_but_not_a_single_one(settings, path):
    plan = make_plan(settings, path, cgroup_v1=False)
    joined = [step for step in plan.upgrade if step.kind == "join-node"]
    several = settings.control_planes + settings.workers > 1
    assert joined == ([plan.upgrade[-1]] if several else [])
    for step in joined:
        assert step.params["version"] == str(path.versions[-1])
        _, workers = node_names(settings.control_planes, settings.workers + 1)
        assert step.node == workers[-1]
        assert step.node not in plan.room.nodes
        assert step.node not in plan.drained


def test_who_wants_no_new_node_has_none_and_the_plan_says_so():
    plain = KindSettings(workdir=FilePath("w"))
    without = plan_of(replace(plain, join_node=False))
    assert without.upgrade == plan_of(plain).upgrade[:-1]
    assert without.choices == {"no-join-node": "no node joins when the upgrade is done"}
    told = does(plan_of(plain), "join-node worker3")
    assert "docker run kindest/node:v1.34.4" in told
    assert "Ready at exactly v1.34.4" in told


def test_the_time_of_steps_that_the_user_has_chosen_holds_for_a_node_that_joins():
    plan = plan_of(KindSettings(workdir=FilePath("w"), step_timeout_s=1800))
    assert plan.upgrade[-1].timeout_s == 1800
