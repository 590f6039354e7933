"""What CoreDNS and kube-proxy must be after an upgrade, for clusters as people have them."""

from __future__ import annotations

from tests.unit.cluster.workloads import dns, proxy
from tests.unit.kind.fakes import pod
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.addons import find_addons
from upgrade_e2e.upgrade.components import system_components
from upgrade_e2e.upgrade.expected import (
    appeared_addons,
    expected_addons,
    rolled_addons,
    sentences_about,
)

IMAGES = {
    "kube-proxy": "registry.k8s.io/kube-proxy:v1.34.4",
    "coredns": "mirror.test/dns/coredns:v1.12.1",
}
USUAL = find_addons([proxy()], [dns()])
NODES = ("dev-control-plane", "dev-worker")


def wanted(before, images):
    return {part.component: part.image for part in expected_addons(before, before, images)}


def test_kubeadms_own_are_at_what_it_wants():
    assert wanted(USUAL, IMAGES) == IMAGES


def test_what_kubeadm_leaves_alone_stays_as_it_is():
    assert wanted(USUAL, {}) == {
        "kube-proxy": "registry.k8s.io/kube-proxy:v1.33.13",
        "coredns": "registry.k8s.io/coredns/coredns:v1.12.0",
    }
    assert rolled_addons(USUAL, {}) == {}


def test_workloads_of_other_names_stay_even_where_kubeadm_disables_nothing():
    own = find_addons(
        [proxy("edge-proxy", "corp/kube-proxy:9")], [dns("rke2-coredns", "x/coredns:8")]
    )
    assert wanted(own, IMAGES) == {"kube-proxy": "corp/kube-proxy:9", "coredns": "x/coredns:8"}
    assert rolled_addons(own, IMAGES) == {}


def test_what_was_absent_must_stay_absent():
    before = find_addons([], [dns()])
    now = find_addons([proxy()], [dns()])
    assert appeared_addons(before, now) == (
        "a DaemonSet kube-proxy appeared in kube-system that was not there before",
    )
    assert appeared_addons(before, before) == ()
    assert [part.component for part in expected_addons(before, now, IMAGES)] == ["coredns"]


def test_a_kube_proxy_next_to_one_of_another_name_has_appeared():
    before = find_addons([proxy("edge-proxy")], [])
    now = find_addons([proxy("edge-proxy"), proxy()], [])
    (sentence,) = appeared_addons(before, now)
    assert "DaemonSet kube-proxy appeared" in sentence


def test_each_addon_is_spoken_of():
    before = find_addons([proxy("edge-proxy", "corp/kube-proxy:9")], [dns()])
    assert sentences_about(before, rolled_addons(before, IMAGES)) == (
        "DaemonSet edge-proxy: not kubeadm's to roll, stays at corp/kube-proxy:9",
        "Deployment coredns: kubeadm rolls it to mirror.test/dns/coredns:v1.12.1",
    )
    assert sentences_about((), {}) == (
        "kube-proxy: not in kube-system before, and must not appear",
        "coredns: not in kube-system before, and must not appear",
    )


def cluster(tmp_path):
    nodes = (Node(NODES[0], Role.CONTROL_PLANE), Node(NODES[1], Role.WORKER))
    return Cluster("dev", tmp_path, nodes)


def parts(tmp_path, before, now, pods, **more):
    """What is found of the addons: (component, node, found, wanted)."""
    addons = expected_addons(before, now, more.pop("images", IMAGES))
    found = system_components(cluster(tmp_path), pods, {}, addons, **more)
    return [(part.name, part.node, part.found, part.wanted) for part in found]


def running(name, on, image, asked="", **labels):
    made = pod(f"{name}-{on}", labels=labels, on=on, image=image)
    made["spec"]["containers"] = [{"name": name, "image": asked or image}]
    made["status"]["containerStatuses"][0]["name"] = name
    return made


def dns_pod(image, asked="", on=NODES[1]):
    return running("coredns", on, image, asked, **{"k8s-app": "kube-dns"})


DNS_BEFORE = find_addons([], [dns()])
DNS_NOW = find_addons([], [dns(image=IMAGES["coredns"])])


def test_coredns_of_the_mirror_is_at_the_target(tmp_path):
    pods = [dns_pod(IMAGES["coredns"])]
    (found,) = parts(tmp_path, DNS_BEFORE, DNS_NOW, pods)
    assert found == ("coredns", NODES[1], "v1.12.1", "v1.12.1")


def test_another_name_of_the_same_image_is_not_another_version(tmp_path):
    tagged = {"coredns": "mirror.test/dns/coredns:v1.12.1-corp.2"}
    now = find_addons([], [dns(image=tagged["coredns"])])
    pods = [dns_pod("registry.k8s.io/coredns/coredns:v1.12.1", tagged["coredns"])]
    same = {("registry.k8s.io/coredns/coredns:v1.12.1", tagged["coredns"])}
    more = {"images": tagged, "same_image": lambda _, one, other: (one, other) in same}
    (found,) = parts(tmp_path, DNS_BEFORE, now, pods, **more)
    assert found == ("coredns", NODES[1], "v1.12.1-corp.2", "v1.12.1-corp.2")
    more["same_image"] = lambda *_: False
    (found,) = parts(tmp_path, DNS_BEFORE, now, pods, **more)
    assert found == ("coredns", NODES[1], "v1.12.1", "v1.12.1-corp.2")


def test_the_right_tag_of_another_registry_is_shown_with_both_names(tmp_path):
    elsewhere = "registry.k8s.io/coredns/coredns:v1.12.1"
    now = find_addons([], [dns(image=elsewhere)])
    (found,) = parts(tmp_path, DNS_BEFORE, now, [dns_pod(elsewhere)])
    assert found == ("coredns", NODES[1], elsewhere, IMAGES["coredns"])


def test_a_pod_whose_image_a_webhook_took_from_a_cache_is_at_the_target(tmp_path):
    cached = "cache.test/proxy/mirror.test/dns/coredns:v1.12.1"
    (found,) = parts(tmp_path, DNS_BEFORE, DNS_NOW, [dns_pod(cached)])
    assert found == ("coredns", NODES[1], "v1.12.1", "v1.12.1")


def test_the_container_of_the_component_counts_and_not_its_sidecar(tmp_path):
    shown = dns_pod(IMAGES["coredns"])
    shown["spec"]["containers"].insert(0, {"name": "mesh", "image": "x/mesh:1"})
    mesh = {"name": "mesh", "image": "x/mesh:1", "state": {"running": {}}, "ready": True}
    shown["status"]["containerStatuses"].insert(0, mesh)
    (found,) = parts(tmp_path, DNS_BEFORE, DNS_NOW, [shown])
    assert found == ("coredns", NODES[1], "v1.12.1", "v1.12.1")


def test_a_kube_proxy_of_another_name_is_missed_where_it_is_not(tmp_path):
    before = find_addons([proxy("edge-proxy", "corp/kube-proxy:9")], [])
    pods = [running("kube-proxy", NODES[0], "corp/kube-proxy:9", app="edge-proxy")]
    assert parts(tmp_path, before, before, pods) == [
        ("kube-proxy", NODES[0], "9", "9"),
        ("kube-proxy", NODES[1], "missing", "9"),
    ]


def test_an_addon_that_is_gone_is_missing(tmp_path):
    assert parts(tmp_path, DNS_BEFORE, (), []) == [("coredns", "", "missing", "v1.12.1")]


def test_coredns_that_was_scaled_to_nothing_need_not_run(tmp_path):
    before = find_addons([], [dns(replicas=0)])
    assert parts(tmp_path, before, before, []) == []
