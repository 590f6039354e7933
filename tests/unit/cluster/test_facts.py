"""What kind of cluster this is, read from objects as clusters have them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import yaml

from tests.unit.kind.fakes import FakeApi
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.cluster.fact_reading import read_facts, read_families
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.cluster.kubeadm_config import config_digest, feature_gates
from upgrade_e2e.cluster.network_facts import corefile_domains, network_plugin
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import DeadlinePassed, E2eError

SYSTEM = "/api/v1/namespaces/kube-system"
DNS_PODS = f"{SYSTEM}/pods?labelSelector=k8s-app%3Dkube-dns"
DAEMON_SETS = "/apis/apps/v1/daemonsets"
RANGES = "/apis/networking.k8s.io/v1/servicecidrs/kubernetes"
API_SERVICE = "/api/v1/namespaces/default/services/kubernetes"
V4, V6 = "10.96.0.0/16", "fd00:10:96::/112"


def kubeadm(**changes: Any) -> dict[str, Any]:
    """A ClusterConfiguration as kubeadm stores it."""
    config = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "clusterName": "dev",
        "controlPlaneEndpoint": "dev-control-plane:6443",
        "imageRepository": "registry.k8s.io",
        "kubernetesVersion": "v1.33.13",
        "networking": {
            "dnsDomain": "cluster.local",
            "podSubnet": "10.244.0.0/16",
            "serviceSubnet": V4,
        },
    }
    return {**config, **changes}


def networking(**changes: str) -> dict[str, Any]:
    """A ClusterConfiguration with another network."""
    return kubeadm(networking={**kubeadm()["networking"], **changes})


def daemon_set(name: str, image: str, *command: str, **pod: Any) -> dict[str, Any]:
    """A DaemonSet of kube-system."""
    container = {"name": "one", "image": image, "command": list(command)}
    container["volumeMounts"] = pod.pop("mounts", [])
    return {
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [container], **pod}}},
    }


def kube_proxy(name: str = "kube-proxy", config: str = "kube-proxy", **pod: Any) -> dict[str, Any]:
    """kube-proxy as kubeadm deploys it, under any name."""
    return daemon_set(
        name,
        "registry.k8s.io/kube-proxy:v1.33.13",
        "/usr/local/bin/kube-proxy",
        "--config=/var/lib/kube-proxy/config.conf",
        mounts=[{"name": "config", "mountPath": "/var/lib/kube-proxy"}],
        volumes=[{"name": "config", "configMap": {"name": config, **pod}}],
    )


FLANNEL = daemon_set("kube-flannel-ds", "docker.io/flannel/flannel:v0.25.7")


def config_map(**data: str) -> dict[str, Any]:
    """A ConfigMap with these keys; a key's dots are written as two underscores."""
    return {"data": {key.replace("__", "."): text for key, text in data.items()}}


def serve(
    api: FakeApi,
    config: dict[str, Any] | None = None,
    daemon_sets: tuple[dict[str, Any], ...] = (kube_proxy(), FLANNEL),
    mode: str = "",
) -> None:
    """Let `api` answer as a cluster that kubeadm made."""
    text = yaml.safe_dump(kubeadm() if config is None else config)
    api.answers[f"{SYSTEM}/configmaps/kubeadm-config"] = config_map(ClusterConfiguration=text)
    api.answers[f"{SYSTEM}/configmaps/kube-proxy"] = config_map(config__conf=f"mode: '{mode}'\n")
    api.answers[DAEMON_SETS] = {"items": list(daemon_sets)}
    api.answers[DNS_PODS] = {"items": []}


def test_the_facts_of_a_plain_cluster(api: FakeApi, cluster: Cluster) -> None:
    serve(api)
    facts = read_facts(cluster)
    digest = config_digest(kubeadm())
    assert facts == ClusterFacts(proxy="iptables", cni="flannel", config_digest=digest)
    assert str(facts) == "iptables, ipv4, flannel"


def test_a_cluster_of_which_nothing_is_known_has_the_defaults(
    api: FakeApi, cluster: Cluster
) -> None:
    api.answers[DAEMON_SETS] = api.answers[DNS_PODS] = {"items": []}
    assert read_facts(cluster) == ClusterFacts()
    assert str(ClusterFacts()) == "ipv4"


def test_an_api_server_that_does_not_answer_gives_no_facts(
    api: FakeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(api)
    monkeypatch.setattr("upgrade_e2e.cluster.asking.retry_api", lambda call, _within_s: call())
    api.answers[f"{SYSTEM}/configmaps/kubeadm-config"] = (503, {})
    with pytest.raises(DeadlinePassed, match="configmaps/kubeadm-config"):
        read_facts(cluster)


def test_a_configuration_that_is_damaged_is_named(api: FakeApi, cluster: Cluster) -> None:
    serve(api)
    for text, why in (("a: [", "is not YAML"), ("- a", "is not a mapping")):
        api.answers[f"{SYSTEM}/configmaps/kubeadm-config"] = config_map(ClusterConfiguration=text)
        with pytest.raises(E2eError, match=f"ConfigMap kube-system/kubeadm-config {why}"):
            read_facts(cluster)


@pytest.mark.parametrize(
    ("ranges", "families"),
    [
        (V4, ("ipv4",)),
        (V6, ("ipv6",)),
        (f"{V4},{V6}", ("ipv4", "ipv6")),
        (f"{V6}, {V4}", ("ipv6", "ipv4")),
    ],
)
def test_families_are_those_of_the_ranges_of_services(
    api: FakeApi, cluster: Cluster, ranges: str, families: tuple[str, ...]
) -> None:
    serve(api, networking(serviceSubnet=ranges))
    assert read_facts(cluster).families == families
    serve(api, networking(serviceSubnet=V4))
    api.answers[RANGES] = {"spec": {"cidrs": ranges.replace(" ", "").split(",")}}
    assert read_facts(cluster).families == families  # what the API server itself goes by


def test_without_ranges_the_service_of_the_api_shows_the_family_and_nodes_the_other(
    api: FakeApi, cluster: Cluster
) -> None:
    serve(api, kubeadm(networking={}))
    api.answers["/api/v1/nodes"] = {"items": [{"spec": {}}]}
    api.answers[API_SERVICE] = {"spec": {"clusterIP": "fd00::1", "clusterIPs": ["fd00::1"]}}
    assert read_facts(cluster).families == ("ipv6",)
    api.answers["/api/v1/nodes"] = {"items": [{"spec": {"podCIDRs": ["10.0.1.0/24", "fd01::/64"]}}]}
    assert read_facts(cluster).families == ("ipv6", "ipv4")
    api.answers[API_SERVICE]["spec"]["ipFamilies"] = ["IPv4"]
    assert read_facts(cluster).families == ("ipv4", "ipv6")


def test_a_family_in_which_no_pod_has_an_address_is_none(api: FakeApi, cluster: Cluster) -> None:
    serve(api, networking(serviceSubnet=f"{V4},{V6}"))
    status = {"podIPs": [{"ip": "10.244.0.7"}]}
    api.answers[DNS_PODS] = {"items": [{"status": {}}, {"status": status}]}
    assert read_facts(cluster).families == ("ipv4",)
    status["podIPs"].append({"ip": "fd00::7"})
    assert read_facts(cluster).families == ("ipv4", "ipv6")


def test_an_address_that_is_none_is_named(api: FakeApi, cluster: Cluster) -> None:
    serve(api, networking(serviceSubnet="10.96.0.0/33"))
    with pytest.raises(E2eError, match=r"names '10.96.0.0/33' where an IP address"):
        read_facts(cluster)


COREFILE = """\
{zone}:53 {{
    errors
    health {{
       lameduck 5s
    }}
    kubernetes {domains} {{
       fallthrough in-addr.arpa ip6.arpa
    }}
    # kubernetes commented.out
}}
other.test:53 {{
    forward . 10.0.0.1
}}
"""


@pytest.mark.parametrize(
    ("kubeadms", "zone", "domains", "wanted"),
    [
        ("corp.test", ".", "corp.test in-addr.arpa ip6.arpa", "corp.test"),
        ("corp.test", ".", "cluster.local. corp.test. in-addr.arpa", "corp.test"),
        ("cluster.local", ".", "corp.test in-addr.arpa", "corp.test"),
        ("cluster.local", "corp.test", "", "corp.test"),
        ("corp.test", ".", "", "corp.test"),
    ],
)
def test_the_domain_is_the_one_that_coredns_serves(
    api: FakeApi, cluster: Cluster, kubeadms: str, zone: str, domains: str, wanted: str
) -> None:
    serve(api, networking(dnsDomain=kubeadms))
    corefile = COREFILE.format(zone=zone, domains=domains)
    api.answers[f"{SYSTEM}/configmaps/coredns"] = config_map(Corefile=corefile)
    facts = read_facts(cluster)
    assert facts.dns_domain == wanted
    assert str(facts).endswith(f"flannel, {wanted}")


def test_without_coredns_the_domain_is_kubeadms(api: FakeApi, cluster: Cluster) -> None:
    serve(api, networking(dnsDomain="corp.test"))
    assert read_facts(cluster).dns_domain == "corp.test"
    assert corefile_domains("") == ()


@pytest.mark.parametrize("mode", ["iptables", "ipvs", "nftables"])
def test_the_mode_of_kube_proxy_is_that_of_its_configuration(
    api: FakeApi, cluster: Cluster, mode: str
) -> None:
    serve(api, mode=mode)
    assert read_facts(cluster).proxy == mode


def test_no_kube_proxy_is_said_where_kubeadm_would_have_brought_one(
    api: FakeApi, cluster: Cluster
) -> None:
    serve(api, daemon_sets=(daemon_set("cilium", "quay.io/cilium/cilium:v1.18.0"),))
    facts = read_facts(cluster)
    assert (facts.proxy, facts.cni) == ("none", "cilium")
    assert str(facts) == "no kube-proxy, ipv4, cilium"


@pytest.mark.parametrize(("wanted", "mode"), [(0, "none"), (2, "iptables")])
def test_a_kube_proxy_that_wants_no_node_is_switched_off(
    api: FakeApi, cluster: Cluster, wanted: int, mode: str
) -> None:
    switched = {**kube_proxy(), "status": {"desiredNumberScheduled": wanted}}
    serve(api, daemon_sets=(switched,))
    assert read_facts(cluster).proxy == mode


def test_kube_proxy_is_known_by_what_runs_and_not_by_its_name(
    api: FakeApi, cluster: Cluster
) -> None:
    file = [{"key": "proxy.yaml", "path": "config.conf"}]
    mine = kube_proxy("routes", "routes-config", items=file)
    mine["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror.test/k8s/proxy@sha256:1"
    serve(api, daemon_sets=(mine,))
    api.answers[f"{SYSTEM}/configmaps/routes-config"] = config_map(proxy__yaml="mode: nftables")
    assert read_facts(cluster).proxy == "nftables"


@pytest.mark.parametrize(
    ("name", "image", "mode"),
    [
        ("kube-proxy", "mirror.test/proxy:1", "iptables"),
        ("routes", "docker.io/rancher/hardened-kube-proxy:v1.33.13", "iptables"),
        ("routes", "mirror.test:5000/kube-proxy@sha256:1", "iptables"),
        ("kube-proxy-exporter", "mirror.test/exporter:1", "none"),
    ],
)
def test_kube_proxy_is_known_by_its_image_or_by_kubeadms_name(
    api: FakeApi, cluster: Cluster, name: str, image: str, mode: str
) -> None:
    serve(api, daemon_sets=(daemon_set(name, image),))
    assert read_facts(cluster).proxy == mode


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        (("kube-proxy", "--proxy-mode=ipvs"), "ipvs"),
        (("kube-proxy", "--proxy-mode", "nftables"), "nftables"),
        (("kube-proxy",), "iptables"),
        (("kube-proxy", "--config=/etc/proxy.conf"), "iptables"),
    ],
)
def test_without_a_config_map_the_flags_of_kube_proxy_name_its_mode(
    api: FakeApi, cluster: Cluster, words: tuple[str, ...], mode: str
) -> None:
    serve(api, daemon_sets=(daemon_set("kube-proxy", "mine:1", *words),))
    assert read_facts(cluster).proxy == mode


@pytest.mark.parametrize(
    ("name", "image", "plugin"),
    [
        ("kindnet", "docker.io/kindest/kindnetd:v20250512", "kindnet"),
        ("calico-node", "quay.io/calico/node:v3.30.0", "calico"),
        ("cni", "mirror.test/calico/node:v3.30.0", "calico"),
        ("canal", "quay.io/calico/node:v3.30.0", "canal"),
        ("ovnkube-node", "ovn:1", "ovn-kubernetes"),
        ("node-exporter", "prom/node-exporter:v1", ""),
    ],
)
def test_the_network_plugin_is_known_by_its_daemon_set(name: str, image: str, plugin: str) -> None:
    assert network_plugin([daemon_set(name, image)]) == plugin
    assert network_plugin([daemon_set(name, image)] * 2) == plugin


def test_two_network_plugins_are_both_named() -> None:
    both = [FLANNEL, daemon_set("calico-node", "quay.io/calico/node:v3.30.0")]
    assert network_plugin(both) == "calico+flannel"


def test_an_unknown_plugin_is_named_as_the_nodes_configuration_names_it(
    api: FakeApi, cluster: Cluster, tmp_path
) -> None:
    serve(api, daemon_sets=(kube_proxy(),))
    assert read_facts(cluster).cni == ""
    script = tmp_path / "node"
    script.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '  "ls /etc/cni/net.d") echo .kept; echo 10-mine.conflist ;;\n'
        '  "cat /etc/cni/net.d/10-mine.conflist") echo \'{"name": "mine"}\' ;;\n'
        "  *) exit 1 ;;\n"
        "esac\n"
    )
    nodes = (Node("dev-worker", Role.WORKER, Runner(("sh", str(script)))),)
    assert read_facts(dataclasses.replace(cluster, nodes=nodes)).cni == "mine"
    script.write_text("exit 1\n")
    assert read_facts(dataclasses.replace(cluster, nodes=nodes)).cni == ""


def test_feature_gates_are_read_from_both_forms_of_arguments() -> None:
    as_list = [
        {"name": "feature-gates", "value": "B=true,A=false"},
        {"name": "v", "value": "2"},
        {"name": "feature-gates", "value": "C=true"},
    ]
    assert feature_gates({"apiServer": {"extraArgs": as_list}}) == ("A=false", "B=true", "C=true")
    as_map = {"feature-gates": "B=true, A=false", "v": "2"}
    config = {"apiServer": {"extraArgs": as_map}, "scheduler": {"extraArgs": as_map}}
    assert feature_gates(config) == ("A=false", "B=true")
    assert feature_gates({"apiServer": {"extraArgs": None}, "scheduler": None}) == ()


def test_a_digest_is_of_the_kind_of_cluster_and_not_of_its_name_or_version() -> None:
    renamed = kubeadm(
        clusterName="ci", controlPlaneEndpoint="ci-control-plane:6443", kubernetesVersion="v1.34.4"
    )
    assert config_digest(renamed) == config_digest(kubeadm())
    assert config_digest(dict(reversed(kubeadm().items()))) == config_digest(kubeadm())
    assert config_digest(networking(dnsDomain="corp.test")) != config_digest(kubeadm())
    assert config_digest({}) == ""


def test_the_families_of_one_service_are_its_own(api: FakeApi, cluster: Cluster) -> None:
    path = "/api/v1/namespaces/shop/services/cart"
    assert read_families(cluster, "cart.shop") == ()
    for spec, families in (
        ({"ipFamilies": ["IPv6", "IPv4"], "clusterIP": "fd00::1"}, ("ipv6", "ipv4")),
        ({"clusterIP": "None"}, ()),
        ({"type": "ExternalName", "externalName": "example.org"}, ()),
    ):
        api.answers[path] = {"spec": spec}
        assert read_families(cluster, "cart.shop") == families
