"""Gates that the target does not take are refused before anything is upgraded."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.kind.fakes import ScriptedRunner
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.removed_gates import gates_of, require_known_gates
from upgrade_e2e.version import KubeVersion

NEW = KubeVersion.parse("v1.35.4")
MAPS = "/api/v1/namespaces/kube-system/configmaps"
STAGED = "/kind/upgrade/v1.35.4/kubelet"


class Kubelets(ScriptedRunner):
    """A node whose old and new kubelet know these gates; `flags` are those that kubeadm wrote."""

    old, new, flags = ("Stays", "Goes"), ("Stays",), ""

    def run(self, *argv, timeout_s, check=True, **_):
        self.seen.append(argv)
        if argv[0] == "cat":
            return Completed("cat", 0 if self.flags else 1, self.flags, "", 0.0)
        known = self.new if argv[0] == STAGED else self.old
        given = [gate.partition("=")[0] for gate in argv[1].partition("=")[2].split(",")]
        unknown = next((gate for gate in given if gate not in known), "")
        why = f"unrecognized feature gate: {unknown}" if unknown else ""
        said = f"failed to set feature gates from initial flags-based config: {why}"
        said = said if why else f"failed to load kubelet config file, path: {argv[2]}"
        return Completed(argv[0], 1, "", f'E1129 run.go:72] "command failed" err="{said}"\n', 0.0)


@pytest.fixture
def cluster(api, tmp_path):
    """A cluster with these gates in kubeadm's, the kubelets' and kube-proxy's configuration."""

    def made(own="", kubelet=None, proxy=None, flags=""):
        runner = Kubelets()
        runner.flags = flags
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(api.kubeconfig(), encoding="utf-8")
        arguments = [{"name": "feature-gates", "value": own}] if own else []
        for name, key, config in (
            ("kubeadm-config", "ClusterConfiguration", {"apiServer": {"extraArgs": arguments}}),
            ("kubelet-config", "kubelet", {"featureGates": kubelet}),
            ("kube-proxy", "config.conf", {"featureGates": proxy}),
        ):
            api.answers[f"{MAPS}/{name}"] = {"data": {key: yaml.safe_dump(config)}}
        return Cluster(
            "dev", kubeconfig, (Node("dev-control", Role.CONTROL_PLANE, runner),)
        ), runner

    return made


def asked(runner):
    return [argv for argv in runner.seen if argv[0] != "cat"]


def test_a_gate_that_the_target_does_not_know_is_refused_by_name_and_place(cluster):
    where, _ = cluster(own="Stays=true,Goes=true")
    with pytest.raises(BadInput) as caught:
        require_known_gates(where, NEW)
    said = str(caught.value)
    assert said.startswith("v1.35.4 does not take these feature gates")
    assert "Goes=true (unrecognized feature gate: Goes; it is set in kubeadm-config)" in said
    assert "Stays=true" not in said


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"kubelet": {"Goes": True}}, "ConfigMap kubelet-config"),
        ({"proxy": {"Goes": True}}, "ConfigMap kube-proxy"),
        (
            {"flags": 'KUBELET_KUBEADM_ARGS="--node-ip=1 --feature-gates=Goes=true,Stays=true"\n'},
            "the kubelet's flags on dev-control",
        ),
    ],
)
def test_gates_of_nodes_count_too(cluster, given, place):
    where, _ = cluster(**given)
    with pytest.raises(BadInput, match=f"Goes=true .*it is set in {place}"):
        require_known_gates(where, NEW)


def test_gates_that_the_target_takes_are_asked_about_once(cluster):
    where, runner = cluster(own="Stays=true", kubelet={"Stays": True})
    require_known_gates(where, NEW)
    assert asked(runner) == [(STAGED, "--feature-gates=Stays=true", "--config=/nonexistent")]


def test_a_gate_that_no_kubelet_knows_belongs_to_another_component(cluster):
    where, _ = cluster(own="OfTheSchedulerAlone=true")
    require_known_gates(where, NEW)


def test_without_gates_no_kubelet_is_asked(cluster):
    where, runner = cluster()
    require_known_gates(where, NEW)
    assert gates_of(where) == {}
    assert asked(runner) == []
