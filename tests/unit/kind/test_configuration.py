"""What kubeadm wants for this cluster's own configuration."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.kind.fakes import ScriptedRunner, stored
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.configuration import (
    by_component,
    read_configuration,
    target_images,
    usual_images,
)

CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
MIRRORED = """\
mirror.test/k8s/kube-apiserver:v1.34.4
127.0.0.1:5000/coredns:v1.12.0-corp.1
mirror.test/k8s/pause@sha256:0a
"""


class Listing(ScriptedRunner):
    """Answers one list of images, and keeps what kubeadm got on its stdin."""

    def run(self, *argv, timeout_s, check=True, stdin=None, **_):
        del timeout_s, check
        self.seen.append((*argv, stdin))
        return Completed(" ".join(argv), 0, MIRRORED, "W1128 a deprecated API spec\n", 0.0)


@pytest.fixture
def runner():
    return Listing()


@pytest.fixture
def cluster(api, tmp_path, runner):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    return Cluster("dev", kubeconfig, (Node("dev-control-plane", Role.CONTROL_PLANE, runner),))


def test_kubeadm_is_asked_with_the_stored_configuration_at_the_target(api, cluster, runner):
    api.answers[CONFIG_MAP] = stored(imageRepository="mirror.test/k8s", dns={"imageTag": "x"})
    assert target_images(cluster, "v1.34.4") == {
        "kube-apiserver": "mirror.test/k8s/kube-apiserver:v1.34.4",
        "coredns": "127.0.0.1:5000/coredns:v1.12.0-corp.1",
        "pause": "mirror.test/k8s/pause@sha256:0a",
    }
    (*argv, stdin) = runner.seen[0]
    kubeadm = "/kind/upgrade/v1.34.4/kubeadm"
    assert argv == [kubeadm, "config", "images", "list", "--config", "/dev/stdin"]
    assert yaml.safe_load(stdin) == {
        "apiVersion": "kubeadm.k8s.io/v1beta3",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": "v1.34.4",
        "imageRepository": "mirror.test/k8s",
        "dns": {"imageTag": "x"},
    }


def test_what_the_configuration_disables_is_not_wanted(api, cluster):
    api.answers[CONFIG_MAP] = stored(dns={"disabled": True}, proxy={"disabled": False})
    assert "coredns" not in target_images(cluster, "v1.34.4")
    assert read_configuration(cluster).disabled == {"coredns"}
    api.answers[CONFIG_MAP] = stored(dns=None, proxy={"disabled": True})
    assert read_configuration(cluster).disabled == {"kube-proxy"}


def test_its_usual_names_do_not_depend_on_the_cluster(cluster, runner):
    usual_images(cluster, "v1.34.4")
    assert runner.seen[0][1:] == (
        "config",
        "images",
        "list",
        "--kubernetes-version",
        "v1.34.4",
        None,
    )


@pytest.mark.parametrize(
    "answer", [(404, {}), {"data": {}}, {"data": {"ClusterConfiguration": "[]"}}]
)
def test_a_cluster_without_a_stored_configuration_is_refused(api, cluster, answer):
    api.answers[CONFIG_MAP] = answer
    with pytest.raises(BadInput, match="has no ClusterConfiguration in the ConfigMap"):
        read_configuration(cluster)


def test_the_component_is_the_last_part_of_the_path():
    names = ["mirror:5000/a/b/etcd:3.6.5-0", "kube-proxy:v1", "x.test/coredns@sha256:0a"]
    assert list(by_component(names)) == ["etcd", "kube-proxy", "coredns"]
