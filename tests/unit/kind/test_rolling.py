"""The addons are waited for as far as kubeadm rolls them."""

from __future__ import annotations

import pytest

from tests.unit.cluster.workloads import dns, proxy
from tests.unit.kind.fakes import ScriptedRunner, node, pod, stored
from tests.unit.kind.upgraded import IMAGES
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.addons import find_addons
from upgrade_e2e.errors import Blocked, DeadlinePassed
from upgrade_e2e.providers.kind.health import check, wait_until_whole
from upgrade_e2e.providers.kind.kubeadm_output import KeptCoreDns
from upgrade_e2e.providers.kind.rolling import AddonsBefore, Rolling, roll

SYSTEM, APPS = "/api/v1/namespaces/kube-system", "/apis/apps/v1/namespaces/kube-system"
ETCD_WELL = (0, '[{"endpoint": "x", "health": true}]')
USUAL = find_addons([proxy()], [dns()])


@pytest.fixture
def cluster(api, tmp_path):
    """A node whose kubeadm wants what it usually wants; what it answers can be replaced."""
    api.answers[f"{SYSTEM}/configmaps/kubeadm-config"] = stored()
    api.answers["/api/v1/nodes"] = {"items": [node("dev-control-plane")]}
    api.answers[f"{SYSTEM}/pods"] = {"items": []}
    api.answers[f"{APPS}/daemonsets"] = {"items": []}
    api.answers[f"{APPS}/deployments"] = {"items": []}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    runner = ScriptedRunner(answers=[(0, "\n".join(IMAGES.values()))])
    return Cluster("dev", kubeconfig, (Node("dev-control-plane", Role.CONTROL_PLANE, runner),))


def answers(cluster):
    return cluster.nodes[0].runner.answers


def rolled(cluster, before, left_alone=(), kept="", within_s=0.0):
    """What is said while the addons are rolled."""
    said: list[str] = []
    known = Rolling(tuple(before), frozenset(left_alone), KeptCoreDns(kept))
    roll(cluster, "v1.34.4", known, said.append, within_s)
    return said


def test_both_are_waited_for_in_a_usual_cluster(api, cluster):
    api.answers[f"{APPS}/deployments/coredns"] = dns(image=IMAGES["coredns"])
    api.answers[f"{APPS}/daemonsets/kube-proxy"] = proxy()
    with pytest.raises(DeadlinePassed, match=r"kube-proxy:v1\.33\.13"):
        rolled(cluster, USUAL)


def test_a_skipped_addon_is_not_waited_for(api, cluster):
    api.answers[f"{APPS}/deployments/coredns"] = dns(image=IMAGES["coredns"])
    said = rolled(cluster, USUAL, {"kube-proxy"})
    assert f"Deployment coredns: kubeadm rolls it to {IMAGES['coredns']}" in said
    assert any(line.startswith("DaemonSet kube-proxy: not kubeadm's to roll") for line in said)


def test_an_addon_that_kubeadm_does_not_list_is_disabled(cluster):
    answers(cluster)[:] = [(0, IMAGES["etcd"])]
    assert len(rolled(cluster, USUAL)) == 2


def test_a_cluster_without_addons_has_none_to_wait_for(cluster):
    assert all("must not appear" in line for line in rolled(cluster, ()))


def test_an_addon_that_kubeadm_brought_is_in_the_journal(api, cluster):
    api.answers[f"{APPS}/daemonsets"] = {"items": [proxy()]}
    assert "DaemonSet kube-proxy appeared" in rolled(cluster, ())[-1]


def test_coredns_that_kubeadm_kept_is_said_at_once(api, cluster):
    api.answers[f"{APPS}/deployments"] = {"items": [dns()]}
    with pytest.raises(Blocked) as caught:
        rolled(cluster, USUAL, kept="unexpected end of file", within_s=1000)
    assert str(caught.value).startswith(
        "CoreDNS was kept at v1.12.0, not rolled to v1.12.1, because kubeadm did not migrate its "
        "Corefile: unexpected end of file."
    )


def test_coredns_that_is_not_kubeadms_cannot_be_kept_by_it(api, cluster):
    own = find_addons([], [dns("rke2-coredns")])
    api.answers[f"{APPS}/deployments"] = {"items": [dns("rke2-coredns")]}
    assert rolled(cluster, own, kept="unexpected end of file")


def test_what_was_there_before_is_read_once(api, cluster):
    api.answers[f"{APPS}/daemonsets"] = {"items": []}
    api.answers[f"{APPS}/deployments"] = [{"items": [dns()]}, {"items": []}]
    before = AddonsBefore()
    assert before.of(cluster) == before.of(cluster)
    assert [one.workload for one in before.of(cluster)] == ["Deployment coredns"]


def test_a_cluster_without_a_kube_proxy_is_whole(api, cluster):
    api.answers[f"{APPS}/daemonsets"] = {"items": []}
    api.answers[f"{APPS}/deployments"] = {"items": [dns()]}
    answers(cluster)[:] = [ETCD_WELL]
    wait_until_whole(cluster, 0)


def test_a_kube_proxy_of_another_name_must_be_whole(api, cluster):
    own = proxy("edge-proxy")
    own["status"] |= {"desiredNumberScheduled": 1, "currentNumberScheduled": 1}
    own["status"] |= {"updatedNumberScheduled": 1, "numberReady": 0}
    api.answers[f"{APPS}/daemonsets"] = {"items": [own]}
    api.answers[f"{APPS}/deployments"] = {"items": []}
    api.answers[f"{SYSTEM}/pods"] = {"items": [pod("a", labels={"app": "edge-proxy"})]}
    answers(cluster)[:] = [ETCD_WELL, ETCD_WELL]
    with pytest.raises(DeadlinePassed, match="whole did not happen"):
        wait_until_whole(cluster, 0)
    own["status"]["numberReady"] = 1
    wait_until_whole(cluster, 0)


def test_a_check_names_the_kube_proxy_that_it_waits_for(api, cluster):
    own = find_addons([proxy("edge-proxy")], [])
    answers(cluster)[:] = [ETCD_WELL, ETCD_WELL]
    with pytest.raises(DeadlinePassed, match="all pods of DaemonSet edge-proxy ready"):
        check(cluster, 0, own)
    check(cluster, 0, ())
