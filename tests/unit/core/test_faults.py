"""The catalogue of faults, where their steps go in a plan, and which are refused."""

from __future__ import annotations

import contextlib
import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput
from upgrade_e2e.upgrade import Fault, Path, Plan, Step, planted_in, with_faults
from upgrade_e2e.upgrade.fault_values import (
    Leak,
    MemoryLimit,
    dropped,
    leak,
    memory_limit,
    node_in,
    rate,
    replicas,
    seconds,
    share,
    target_of,
    time_and_node,
    webhook,
)
from upgrade_e2e.upgrade.faults import CATALOGUE, fault_of, kind_of, plantable_on
from upgrade_e2e.version import KubeVersion

PATH = Path(tuple(map(KubeVersion.parse, ("v1.33.13", "v1.34.4", "v1.35.4"))))
KINDS = (
    ("kubeadm-apply", "cp"),
    ("drain", "cp"),
    ("drain", "worker2"),
    ("check", "worker2"),
    ("join-node", "worker3"),
)
NOT_SIMULATED = {
    "lacks-image",
    "node-pause",
    "runtime-freeze",
    "kubelet-leak",
    "memory-limit",
    "etcd-freeze",
    "etcd-cut-off",
    "etcd-no-space",
    "slow-cni",
    "late-kube-proxy",
    "policy-gone",
    "webhook-gone",
    "webhook-dropped",
    "provider-starved",
    "webhook-down",
    "backup-truncated",
    "backup-flipped",
    "backup-stale",
    "backup-foreign",
}
PLANES = tuple(Step("swap-kubelet", 60, node=f"control-plane{end}") for end in ("", "2"))


def bare(provider="sim"):
    """A plan of two hops without faults."""
    upgrade = tuple(
        Step(kind, 60, node=node, hop=str(hop), params={"version": str(hop.target)})
        for hop in PATH.hops
        for kind, node in KINDS
    )
    prepare = (Step("create", 60), Step("stage", 60, about="v1.34.4"))
    return Plan(provider, PATH, prepare, upgrade, (Step("verify", 60),), {"fast": "no"})


def planned(*words, provider="sim"):
    """The same with these faults."""
    return with_faults(bare(provider), map(Fault.parse, words))


def names(steps):
    return [step.name for step in steps]


def refusal(*words, provider="sim"):
    with pytest.raises(BadInput) as caught:
        planned(*words, provider=provider)
    return str(caught.value)


def test_names_are_unique_and_every_entry_says_what_it_is():
    assert len({kind.name for kind in CATALOGUE}) == len(CATALOGUE)
    for kind in CATALOGUE:
        assert kind.form.partition("@")[0].partition("=")[0] == kind.name
        assert kind.breaks
        assert kind.does
        assert kind_of(kind.name) is kind


def test_what_a_provider_does_itself_or_what_a_simulated_cluster_lacks_needs_a_provider():
    for kind in CATALOGUE:
        lacking = kind.late
        itself = kind.acts_on in {"nodes", "backups"}
        assert bool(kind.providers) == (itself or lacking), kind.name
    on_both = {"kubelet-qps", "apiserver-freeze", "fail-step"}
    assert plantable_on("kind") - plantable_on("any other") == on_both | NOT_SIMULATED
    assert {kind.name for kind in CATALOGUE} - plantable_on("sim") == NOT_SIMULATED


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.name)
def test_every_form_can_be_planted_as_it_is_written(kind):
    provider = "sim" if kind.plantable_on("sim") else "kind"
    plan = dataclasses.replace(bare(provider), upgrade=(*bare().upgrade, *PLANES))
    made = with_faults(plan, [Fault.parse(kind.form)])
    assert names(step for step in made.steps if step.kind == "plant") == [f"plant {kind.form}"]
    assert made.choices == {"fast": "no", f"fault {kind.name}": kind.form}


values = {
    rate: st.integers(1, 1000).map(str),
    replicas: st.integers(0, 100).map(str),
    seconds: st.integers(1, 60).map(lambda n: f"{n}s") | st.integers(1, 60_000).map("{}ms".format),
    share: st.floats(0.001, 1).map(str),
    target_of: st.sampled_from(("drain:worker2", "kubeadm-apply:cp")),
}
kinds = st.sampled_from(
    [kind for kind in CATALOGUE if kind.check in values and kind.plantable_on("sim")]
)
places = st.sampled_from(("", "kubeadm-apply", "kubeadm-apply cp"))


@st.composite
def good_faults(draw):
    kind = draw(kinds)
    return Fault(kind.name, draw(values[kind.check]), draw(places))


@given(good_faults())
def test_a_planted_fault_reads_back(fault):
    (read,) = planted_in(with_faults(bare(), [fault]))
    assert read == fault


@given(good_faults())
def test_the_rest_of_the_plan_is_as_without_the_fault(fault):
    made = with_faults(bare(), [fault])
    left = {
        part: tuple(step for step in getattr(made, part) if step.kind != "plant")
        for part in ("prepare", "upgrade", "verify")
    }
    assert dataclasses.replace(made, choices={"fast": "no"}, **left) == bare()


@given(st.sampled_from(CATALOGUE), st.text(max_size=6))
def test_any_value_is_read_or_refused(kind, value):
    with contextlib.suppress(BadInput):  # any other exception fails the test
        kind.check(value)


@pytest.mark.parametrize("fault", ["no-prestop", "no-readiness", "coredns-replicas=1"])
def test_what_needs_no_provider_is_planted_when_the_cluster_is_ready(fault):
    made = planned(fault, provider="any other")
    assert names(made.prepare) == ["create", "stage v1.34.4", f"plant {fault}"]
    assert made.upgrade == bare().upgrade
    assert made.prepare[-1].hop == ""


@pytest.mark.parametrize("fault", ["policy-gone", "webhook-gone", "webhook-gone=kyverno/admission"])
def test_what_observers_could_not_get_ready_with_comes_late(fault):
    made = planned(fault, provider="kind")
    assert names(made.upgrade)[:2] == [f"plant {fault}", "kubeadm-apply cp"]
    assert made.prepare == bare().prepare


def test_a_webhook_is_named_by_its_deployment_or_is_gatekeepers():
    assert webhook("kyverno/admission") == ("kyverno", "admission")
    assert webhook("") == ("gatekeeper-system", "gatekeeper-controller-manager")
    assert dropped("500ms") == (0.5, "gatekeeper-system", "gatekeeper-controller-manager")
    assert dropped("5s:kyverno/admission") == (5.0, "kyverno", "admission")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("policy-gone=mine@drain", "has no value"),
        ("webhook-gone=admission", "write NAMESPACE/DEPLOYMENT"),
        ("webhook-gone=Kyverno/admission", "write NAMESPACE/DEPLOYMENT"),
        ("webhook-dropped", "needs a value; write webhook-dropped=5s@drain"),
        ("webhook-dropped=61s", "'61s' is no duration"),
        ("webhook-dropped=5s:admission", "write NAMESPACE/DEPLOYMENT"),
    ],
)
def test_a_fault_of_guard_rails_that_cannot_be_planted_is_refused(fault, said):
    assert said in refusal(fault, provider="kind")


def test_a_fault_of_the_nodes_comes_before_the_first_step():
    made = planned("dns-drop=0.5")
    assert names(made.upgrade)[:2] == ["plant dns-drop=0.5", "kubeadm-apply cp"]
    assert made.prepare == bare().prepare


@pytest.mark.parametrize(
    "fault", ["provider-starved", "webhook-down=fail", "memory-limit=kube-system/coredns:20Mi"]
)
def test_one_that_observers_would_not_get_ready_with_comes_when_they_are(fault):
    made = planned(fault, provider="kind")
    assert made.prepare == bare("kind").prepare
    assert names(made.upgrade)[:2] == [f"plant {fault}", "kubeadm-apply cp"]
    late = planned(f"{fault}@drain", provider="kind")
    assert names(late.upgrade)[:3] == ["kubeadm-apply cp", f"plant {fault}@drain", "drain cp"]


@pytest.mark.parametrize(
    ("fault", "index"),
    [
        ("coredns-replicas=1@drain", 1),
        ("coredns-no-lameduck@drain worker2", 2),
        ("apiserver-freeze=2s@check", 3),
        ("fail-step=drain:worker2", 2),
        ("fail-step=drain:worker2@drain", 1),
        ("fail-step=kubeadm-apply:cp", 0),
        ("addon-stays=coredns", 0),
    ],
)
def test_a_fault_comes_right_before_the_first_step_of_that_kind_or_name(fault, index):
    upgrade = planned(fault).upgrade
    assert names(upgrade)[index] == f"plant {fault}"
    assert upgrade[index].hop == str(PATH.hops[0])
    assert upgrade[:index] + upgrade[index + 1 :] == bare().upgrade


@pytest.mark.parametrize(
    ("value", "read"),
    [("60s", (60.0, "")), ("500ms", (0.5, "")), ("30s:worker2", (30.0, "worker2"))],
)
def test_a_time_may_name_a_node(value, read):
    assert time_and_node(value) == read
    assert node_in(value) == read[1]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("runtime-freeze=60s:@drain", "names no node"),
        ("runtime-freeze=worker2", "no duration"),
        ("node-pause=61s", "no duration"),
        ("node-pause=30s:worker9", "'worker9', which the plan does not have; it has cp, worker2"),
    ],
)
def test_a_time_and_a_node_that_cannot_be_are_refused(fault, said):
    assert said in refusal(fault, provider="kind")


def test_a_fault_of_a_named_node_is_planted():
    made = planned("runtime-freeze=60s:worker2@check", provider="kind")
    assert "plant runtime-freeze=60s:worker2@check" in names(made.upgrade)


def test_the_step_carries_what_the_provider_needs():
    made = planned("kubelet-qps=7@drain worker2", "no-prestop")
    (step,) = (step for step in made.upgrade if step.kind == "plant")
    assert step.params == {"version": "v1.34.4", "fault": "kubelet-qps", "value": "7"}
    assert made.prepare[-1].params == {"fault": "no-prestop", "value": ""}
    assert fault_of(step) == Fault("kubelet-qps", "7", "drain worker2")


def test_a_step_of_a_later_hop_is_broken_with_the_files_of_that_hop():
    made = planned("fail-step=kubeadm-apply:cp@check")
    (step,) = (step for step in made.upgrade if step.kind == "plant")
    assert step.hop == str(PATH.hops[0])
    assert step.params["version"] == "v1.35.4"


def test_faults_at_one_place_keep_their_order():
    words = ("no-prestop", "dns-drop=0.5", "coredns-replicas=1", "kubelet-qps=1", "no-readiness")
    made = planned(*words)
    assert planted_in(made) == tuple(Fault.parse(words[index]) for index in (0, 2, 4, 1, 3))
    at = planned("etcd-stall=1s@drain", "coredns-replicas=1@drain", "fail-step=drain:cp")
    assert names(at.upgrade)[1:5] == [
        "plant etcd-stall=1s@drain",
        "plant coredns-replicas=1@drain",
        "plant fail-step=drain:cp",
        "drain cp",
    ]


def test_one_fault_may_be_planted_at_two_moments():
    made = planned("apiserver-freeze=1s@drain", "apiserver-freeze=2s@check")
    assert len(planted_in(made)) == 2
    said = "apiserver-freeze=1s@drain, apiserver-freeze=2s@check"
    assert made.choices["fault apiserver-freeze"] == said


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (["kubelet-qps=1", "kubelet-qps=2"], "is given twice for the same moment"),
        (["no-prestop", "no-readiness", "no-prestop"], "is given twice for the same moment"),
        (["etcd-stall=1s@drain", "etcd-stall=1s@drain cp"], "is given twice for the same moment"),
        (["gremlins"], "sim has no fault 'gremlins'; `upgrade-e2e faults` lists all"),
        ([""], "sim has no fault ''"),
        (
            ["lacks-image=registry.k8s.io/pause:3.10.1"],
            "sim has no fault 'lacks-image', but kind has; add --provider kind",
        ),
        (["kubelet-qps"], "needs a value; write kubelet-qps=1"),
        (["coredns-replicas"], "needs a value; write coredns-replicas=1"),
        (["kubelet-qps=0"], "'0' is no rate"),
        (["kubelet-qps=1001"], "'1001' is no rate"),
        (["kubelet-qps=²"], "'²' is no rate"),
        (["coredns-replicas=abc"], "give a number from 0 to 100"),
        (["coredns-replicas=1.5"], "give a number from 0 to 100"),
        (["coredns-replicas=-1"], "give a number from 0 to 100"),
        (["apiserver-freeze=soon@drain"], "'soon' is no duration"),
        (["etcd-stall=61s"], "'61s' is no duration"),
        (["dns-drop=nan"], "'nan' is no share"),
        (["addon-stays=etcd"], "one of coredns, kube-proxy"),
        (["no-prestop=3"], "no-prestop=3 cannot be planted: this fault has no value"),
        (["coredns-no-lameduck=yes"], "has no value"),
        (["no-grace=1"], "has no value"),
        (["no-prestop@drain"], "write no-prestop without `@drain`"),
        (["no-readiness@create"], "built into the workload"),
        (["coredns-replicas=1@nonsense"], "no step 'nonsense'"),
        (["coredns-replicas=1@create"], "no step 'create'"),
        (["kubelet-qps=1@verify"], "it has kubeadm-apply cp, drain cp, drain worker2, check"),
        (["kubelet-qps=1", "dns-drop=0.1@plant"], "no step 'plant'"),
        (["fail-step=verify"], "no step that can be made to fail"),
        (["fail-step=drain:worker9"], "no step 'drain worker9'"),
        (["fail-step=drain:worker9@drain"], "changes nothing"),
    ],
)
def test_what_cannot_be_planted_is_refused(faults, said):
    assert said in refusal(*faults)


def test_a_fault_after_the_step_that_it_breaks_changes_nothing():
    one_hop = dataclasses.replace(bare(), upgrade=bare().upgrade[: len(KINDS)])
    for word, step in (
        ("addon-stays=coredns@check", "kubeadm-apply"),
        ("fail-step=drain:cp@check", "drain cp"),
    ):
        with pytest.raises(BadInput, match=f"no step of the plan is '{step}', which it breaks"):
            with_faults(one_hop, [Fault.parse(word)])


@pytest.mark.parametrize("fault", ["etcd-stall=2s", "dns-delay=200ms", "no-grace"])
def test_a_fault_of_another_provider_is_refused(fault):
    name = fault.partition("=")[0]
    said = refusal(fault, provider="kind")
    assert said == f"kind has no fault '{name}', but sim has; add --provider sim."


def test_a_fault_that_no_provider_has_is_refused_with_those_there_are():
    said = refusal("gremlins", provider="kind")
    assert "kind has no fault" in said
    assert "kubelet-qps=1" in said
    assert "addon-stays" not in said


def test_values_are_read():
    assert seconds("2s") == 2
    assert seconds("0.5") == 0.5
    assert seconds("200ms") == 0.2
    assert rate("1000") == 1000
    assert replicas("0") == 0
    assert share("1") == 1
    assert target_of("drain:worker2") == ("drain", "worker2")


def test_a_leak_has_a_size_and_a_time():
    assert leak("200Mi") == Leak(200, 60.0)
    assert leak("400Mi/300s") == Leak(400, 300.0)
    assert memory_limit("kube-system/coredns:20Mi") == MemoryLimit("kube-system", "coredns", "20Mi")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("kubelet-leak", "needs a value; write kubelet-leak=200Mi@drain"),
        ("kubelet-leak=200", "'200' is no leak"),
        ("kubelet-leak=0Mi", "'0Mi' is no leak"),
        ("kubelet-leak=9999Mi", "up to 4096Mi"),
        ("kubelet-leak=20Mi/0s", "no leak"),
        ("memory-limit=coredns:20Mi", "write NAMESPACE/NAME:LIMIT"),
        ("memory-limit=kube-system/coredns", "write NAMESPACE/NAME:LIMIT"),
        ("memory-limit=kube-system/coredns:20M", "write NAMESPACE/NAME:LIMIT"),
    ],
)
def test_memory_faults_with_a_wrong_value_are_refused(fault, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        planned(fault, provider="kind")


def test_a_fault_that_needs_other_control_planes_is_refused_where_there_are_none():
    assert "it needs 2; add --control-planes 3." in refusal("etcd-cut-off=5s", provider="kind")


@pytest.mark.parametrize(
    ("name", "works_on"),
    [
        ("kubelet-qps", "kind, sim"),
        ("slow-cni", "kind"),
        ("no-prestop", "any cluster; a scenario with a workload, such as rollout_502"),
        ("etcd-cut-off", "kind; --control-planes 3"),
        ("backup-stale", "kind; the scenario backup_is_restorable"),
    ],
)
def test_the_list_says_where_a_fault_works_and_what_it_needs(name, works_on):
    assert kind_of(name).works_on == works_on
