"""The faults of the container network: a CNI program that sleeps, put back in the end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.unit.kind.fakes import ScriptedRunner
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.providers.kind import network_faults as module
from upgrade_e2e.providers.kind.network_faults import (
    HOLD_KUBE_PROXY,
    NetworkFaults,
    first_plugin,
)
from upgrade_e2e.upgrade import Step

CONF = json.dumps({"name": "pods", "plugins": [{"type": "ptp"}, {"type": "portmap"}]})
WRAPPED = [(0, "10-pods.conflist\nreadme"), (0, CONF), (0, ""), (1, ""), *[(0, "")] * 4]


def planted(value: str = "5s", fault: str = "slow-cni") -> Step:
    return Step("plant", 60, params={"fault": fault, "value": value})


def cluster(*answers: list[tuple[int, str]]) -> Cluster:
    runners = [ScriptedRunner(answers=one) for one in answers]
    workers = [Node(f"dev-w{n}", Role.WORKER, runner) for n, runner in enumerate(runners)]
    control = Node("dev-control", Role.CONTROL_PLANE, ScriptedRunner())
    return Cluster("dev", Path("none"), (control, *workers))


def commands(made: Cluster, index: int) -> list[str]:
    runner = made.workers[index].runner
    assert isinstance(runner, ScriptedRunner)
    return [" ".join(argv) for argv in runner.seen]


def test_every_worker_gets_a_wrapper_and_the_first_program_is_kept():
    made = cluster([*WRAPPED], [*WRAPPED])
    faults = NetworkFaults()
    assert faults.plant(planted(), made)
    for index in (0, 1):
        ran = commands(made, index)
        assert "cat /etc/cni/net.d/10-pods.conflist" in ran
        assert "cp --dereference /opt/cni/bin/ptp /opt/cni/upgrade-e2e" in ran
        assert ran[-1] == "mv --force /opt/cni/upgrade-e2e/slow-ptp /opt/cni/bin/ptp"


def test_a_program_that_is_kept_already_is_not_overwritten_by_its_wrapper():
    made = cluster([(0, "10-pods.conflist"), (0, CONF), (0, ""), (0, ""), *[(0, "")] * 3])
    NetworkFaults().plant(planted(), made)
    assert not [one for one in commands(made, 0) if one.startswith("cp")]


def test_what_was_wrapped_is_put_back_once():
    put = [(0, "ptp\n"), (0, "")]
    made = cluster([*WRAPPED, *put])
    faults = NetworkFaults()
    faults.plant(planted(), made)
    faults.put_back()
    assert commands(made, 0)[-1] == "mv --force /opt/cni/upgrade-e2e/ptp /opt/cni/bin/ptp"
    faults.put_back()  # no answer is left that it could take


def test_a_node_without_a_network_configuration_cannot_have_the_fault():
    with pytest.raises(FaultNotPlanted, match="dev-w0 has no network configuration"):
        NetworkFaults().plant(planted(), cluster([(0, "readme")]))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"plugins": [{}]}', '{"plugins": "x"}'])
def test_what_is_no_network_configuration_is_said_to_be_none(text):
    with pytest.raises(FaultNotPlanted, match="10-x is no network configuration"):
        first_plugin(text, "10-x")


def test_a_configuration_of_one_program_is_read_too():
    assert first_plugin('{"type": "bridge"}', "10-x") == "bridge"


def test_other_faults_are_left_to_others():
    assert not NetworkFaults().plant(planted("1", "kubelet-qps"), cluster())


def test_the_wrapper_sleeps_before_an_addition_alone_and_hands_everything_on(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    program = kept / "ptp"
    program.write_text('#!/bin/sh\necho "$CNI_COMMAND $1 $(cat)"\n')
    program.chmod(0o755)
    wrapper = tmp_path / "ptp"
    wrapper.write_text(module._SLOW.format(delay_s=0.3, kept=kept, name="ptp"))
    wrapper.chmod(0o755)
    sleeps = tmp_path / "sleep"
    sleeps.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/slept\n')
    sleeps.chmod(0o755)
    for command in ("ADD", "DEL"):
        env = {"PATH": f"{tmp_path}:/bin:/usr/bin", "CNI_COMMAND": command}
        done = subprocess.run(
            [str(wrapper), "word"],
            input="conf",
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{command} word conf\n"
    assert (tmp_path / "slept").read_text() == "0.3\n"


def test_the_program_that_holds_kube_proxy_is_a_shell_that_can_be_read():
    checked = subprocess.run(["sh", "-n"], input=HOLD_KUBE_PROXY[2], text=True, check=False)
    assert checked.returncode == 0
