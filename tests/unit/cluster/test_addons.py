"""Which workloads are CoreDNS and kube-proxy, under whichever name."""

from __future__ import annotations

import pytest

from tests.unit.cluster.workloads import ANYWHERE, dns, proxy
from tests.unit.kind.fakes import node, pod
from upgrade_e2e.cluster.addons import find_addons, read_addons, selects
from upgrade_e2e.cluster.nodes import node_health

APPS = "/apis/apps/v1/namespaces/kube-system"


def one_of(daemon_sets=(), deployments=()):
    (found,) = find_addons(daemon_sets, deployments)
    return found


def test_kubeadms_own_are_known():
    found = find_addons([proxy()], [dns()])
    assert [one.workload for one in found] == ["DaemonSet kube-proxy", "Deployment coredns"]
    assert all(one.is_kubeadms for one in found)
    assert [one.everywhere for one in found] == [True, False]


@pytest.mark.parametrize(
    "image",
    [
        "127.0.0.1:5000/kube-proxy:v1",
        "mirror.test/k8s/kube-proxy@sha256:" + "ab" * 32,
        "rancher/hardened-kube-proxy:v1.33.13",
    ],
)
def test_a_kube_proxy_of_another_name_is_known_by_its_image(image):
    found = one_of([proxy("edge-proxy", image)])
    assert (found.component, found.workload) == ("kube-proxy", "DaemonSet edge-proxy")
    assert not found.is_kubeadms


def test_a_kube_proxy_of_another_image_is_known_by_its_program():
    command = ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"]
    assert one_of([proxy("router", "corp/node-tools:7", command=command)]).component == "kube-proxy"


def test_coredns_of_helm_is_known_by_its_image():
    found = one_of(deployments=[dns("rke2-coredns", "rancher/hardened-coredns:v1.12.0")])
    assert (found.component, found.image) == ("coredns", "rancher/hardened-coredns:v1.12.0")
    assert not found.is_kubeadms


def test_what_kubeadm_calls_coredns_is_it_whatever_its_image():
    assert one_of(deployments=[dns(image="corp/resolver:3")]).is_kubeadms


@pytest.mark.parametrize(
    "image", ["quay.io/brancz/kube-rbac-proxy:v0.18", "corp/coredns-autoscaler:1"]
)
def test_others_are_not_taken_for_addons(image):
    assert find_addons([proxy("other", image)], [dns("another", image)]) == ()


def test_a_daemon_set_for_some_nodes_is_not_wanted_on_each():
    taints = proxy(tolerations=[{"key": "x", "operator": "Exists"}])
    windows = proxy("kube-proxy-windows", nodeSelector={"kubernetes.io/os": "windows"})
    affinity = proxy(affinity={"nodeAffinity": {"required": {}}})
    assert [one_of([made]).everywhere for made in (taints, windows, affinity)] == [False] * 3
    assert one_of([proxy(tolerations=ANYWHERE)]).everywhere


@pytest.mark.parametrize("name", ["kube-proxy", "edge-proxy"])
def test_pods_that_their_owner_has_not_replaced_yet_count_only_for_kubeadms_own(name):
    on_delete = proxy(name)
    on_delete["status"]["updatedNumberScheduled"] = 0
    assert one_of([on_delete]).is_well is (name == "edge-proxy")
    on_delete["status"]["numberReady"] = 1
    assert not one_of([on_delete]).is_well


@pytest.mark.parametrize(
    ("expression", "labels", "selected"),
    [
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, {"a": "2"}, True),
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, {}, False),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, {}, True),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, {"a": "1"}, False),
        ({"key": "a", "operator": "Exists"}, {"a": ""}, True),
        ({"key": "a", "operator": "Exists"}, {"b": "1"}, False),
        ({"key": "a", "operator": "DoesNotExist"}, {"b": "1"}, True),
        ({"key": "a", "operator": "DoesNotExist"}, {"a": "1"}, False),
    ],
)
def test_selectors_with_expressions(expression, labels, selected):
    assert selects({"matchExpressions": [expression]}, labels) is selected


def test_all_of_a_selector_must_hold_and_an_empty_one_selects_nothing():
    both = {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}
    assert selects(both, {"a": "1", "b": ""})
    assert not selects(both, {"a": "1"})
    assert not selects({}, {"a": "1"})


def proxy_pods(api, *pods):
    api.answers["/api/v1/nodes"] = {"items": [node("dev-control-plane"), node("dev-worker")]}
    api.answers["/api/v1/namespaces/kube-system/pods"] = {"items": list(pods)}


def test_without_a_kube_proxy_the_nodes_need_none(api, cluster):
    proxy_pods(api)
    assert node_health(cluster, ()).is_good


def test_a_kube_proxy_of_another_name_must_be_ready_on_each_node(api, cluster):
    found = find_addons([proxy("edge-proxy")], [])
    labels = {"app": "edge-proxy"}
    proxy_pods(api, pod("a", labels=labels), pod("b", labels=labels), pod("c", labels={"app": "x"}))
    assert node_health(cluster, found).is_good
    proxy_pods(api, pod("a", labels=labels), pod("b", labels=labels, ready=False))
    assert not node_health(cluster, found).is_good


def test_a_kube_proxy_for_some_nodes_must_be_ready_on_as_many(api, cluster):
    some = proxy("edge-proxy", tolerations=[])
    some["status"]["desiredNumberScheduled"] = 1
    labels = {"app": "edge-proxy"}
    proxy_pods(api, pod("a", labels=labels))
    assert node_health(cluster, find_addons([some], [])).is_good
    proxy_pods(api)
    assert not node_health(cluster, find_addons([some], [])).is_good


def test_they_are_read_from_kube_system(api, cluster):
    api.answers[f"{APPS}/daemonsets"] = {"items": []}
    api.answers[f"{APPS}/deployments"] = {"items": [dns()]}
    assert [one.workload for one in read_addons(cluster)] == ["Deployment coredns"]
