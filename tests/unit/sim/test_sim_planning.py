"""Plans, faults, durations and parameters: data, and what is refused."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.sim.parameters import Parameters, set_parameter
from upgrade_e2e.providers.sim.provider import SimProvider, SimSettings
from upgrade_e2e.providers.sim.provider.durations import Durations
from upgrade_e2e.providers.sim.provider.planting import PARAMETERS, parameters_of
from upgrade_e2e.upgrade import Fault, Path, with_faults
from upgrade_e2e.upgrade.faults import CATALOGUE
from upgrade_e2e.version import KubeVersion

PATH = Path((KubeVersion.parse("v1.33.13"), KubeVersion.parse("v1.34.4")))
VALUES = {
    "kubelet-qps": "1",
    "apiserver-freeze": "2s",
    "etcd-stall": "2s",
    "fail-step": "drain:worker2",
    "addon-stays": "coredns",
    "endpoint-delay": "3s",
    "no-grace": "",
    "dns-drop": "0.01",
    "dns-delay": "200ms",
}
MINE = [kind for kind in CATALOGUE if "sim" in kind.providers]


def plan(*faults, path=PATH, **settings):
    made = SimProvider(SimSettings(workdir=FilePath(), **settings)).plan(path)
    return with_faults(made, map(Fault.parse, faults))


def names(made):
    return [step.name for step in made.upgrade]


def test_the_words_are_those_of_a_real_upgrade():
    assert names(plan(workers=1)) == [
        "kubeadm-apply control-plane",
        "roll-addons",
        "drain control-plane",
        "swap-kubelet control-plane",
        "uncordon control-plane",
        "check control-plane",
        "kubeadm-node worker",
        "drain worker",
        "swap-kubelet worker",
        "uncordon worker",
        "check worker",
    ]


def test_several_hops_repeat_the_steps():
    path = Path((*PATH.versions, KubeVersion.parse("v1.35.4")))
    made = plan(path=path)
    assert len(made.upgrade) == 2 * len(plan().upgrade)
    assert {step.hop for step in made.upgrade} == {str(hop) for hop in path.hops}


def test_the_scale_is_among_the_choices():
    assert "60 times as fast" in plan().choices["simulated"]


@pytest.mark.parametrize("kind", MINE, ids=lambda kind: kind.name)
def test_each_fault_becomes_a_step_and_a_choice(kind):
    text = f"{kind.name}={VALUES[kind.name]}".rstrip("=")
    made = plan(text)
    planted = [step for step in made.upgrade if step.kind == "plant"]
    assert [step.params["fault"] for step in planted] == [kind.name]
    assert made.choices[f"fault {kind.name}"] == text


@pytest.mark.parametrize("kind", MINE, ids=lambda kind: kind.name)
def test_each_fault_sets_parameters_that_exist(kind):
    parameters = Parameters()
    for name, value in parameters_of(kind.name, VALUES[kind.name]).items():
        set_parameter(parameters, name, value)
    assert (parameters != Parameters()) == (kind.name in PARAMETERS)


def test_a_fault_comes_right_before_its_step():
    order = names(plan("apiserver-freeze=1s@drain worker2"))
    assert order[order.index("drain worker2") - 1] == "plant apiserver-freeze=1s@drain worker2"


def test_a_step_that_is_to_fail_is_planted_before_itself():
    order = names(plan("fail-step=drain:worker2"))
    assert order[order.index("drain worker2") - 1].startswith("plant fail-step")


@pytest.mark.parametrize(
    "text",
    [
        "gremlins",
        "kubelet-qps",
        "kubelet-qps=0",
        "kubelet-qps=fast",
        "endpoint-delay=soon",
        "endpoint-delay=3h",
        "endpoint-delay=100s",
        "dns-drop=2",
        "dns-drop=some",
        "dns-drop=0",
        "no-grace=1",
        "addon-stays=etcd",
        "fail-step=drain",
        "fail-step=create:worker",
        "kubelet-qps=1@lunch",
        "fail-step=drain:worker9",
    ],
)
def test_faults_that_cannot_be_are_refused(text):
    with pytest.raises(BadInput):
        plan(text)


def test_durations_are_the_measured_ones_divided():
    durations = Durations(scale=10)
    assert durations.back_off_s("etcd") == pytest.approx(7.7)
    assert durations.back_off_s("kube-apiserver") + durations.grace_s == pytest.approx(6.0)
    with pytest.raises(BadInput):
        Durations(scale=0.5)


def test_parameters_are_set_by_their_type():
    parameters = Parameters()
    set_parameter(parameters, "kubelet.burst", "5")
    set_parameter(parameters, "kubelet.hooks", "False")
    set_parameter(parameters, "network.drop_dns", 0.5)
    assert (parameters.kubelet.burst, parameters.kubelet.hooks) == (5, False)
    assert parameters.network.drop_dns == 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [("kubelet", 1), ("nothing.here", 1), ("kubelet.burst", "1.5"), ("kubelet.hooks", "maybe")],
)
def test_parameters_that_cannot_be_are_refused(name, value):
    with pytest.raises(BadInput):
        set_parameter(Parameters(), name, value)
