"""Plans, faults, durations and parameters: data, and what is refused."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.edge import nginx_conf
from upgrade_e2e.providers.sim import KNOWN_VERSIONS, SimProvider, SimSettings
from upgrade_e2e.providers.sim.durations import Durations
from upgrade_e2e.providers.sim.planting import PARAMETERS, parameters_of
from upgrade_e2e.providers.sim.release import STATIC_PODS, images_of
from upgrade_e2e.upgrade import Fault, Path, with_faults
from upgrade_e2e.upgrade.faults import CATALOGUE
from upgrade_e2e.version import KubeVersion
from upgrade_e2e_simulator import release as simulated
from upgrade_e2e_simulator.manifests import STATIC_PODS as SIMULATED_STATIC_PODS
from upgrade_e2e_simulator.parameters import Parameters, set_parameter
from upgrade_e2e_simulator.pod.edge import Settings
from upgrade_e2e_simulator.version import KubeVersion as SimulatedVersion

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


def test_with_one_worker_workloads_may_run_on_the_control_plane_and_it_is_said():
    assert "watched-workloads" not in plan().choices
    assert "worker is the only node" in plan(workers=1).choices["watched-workloads"]
    assert plan(workers=1).room.usable == ("worker", "control-plane")


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


@pytest.mark.parametrize("version", KNOWN_VERSIONS, ids=str)
def test_the_provider_expects_the_images_that_the_simulator_runs(version):
    run = simulated.images_of(SimulatedVersion.parse(str(version)))
    expected = images_of(version)
    assert STATIC_PODS == SIMULATED_STATIC_PODS
    for component in (*STATIC_PODS, "coredns", "kube-proxy", "pause"):
        assert expected.image(component) == run.image(component)


def test_the_observers_edge_configuration_is_read():
    read = Settings.parse(nginx_conf("http://127.9.16.70:80", 2.5))
    assert read == Settings(port=8080, host="127.9.16.70", host_port=80, connect_s=2.5, read_s=2.5)
