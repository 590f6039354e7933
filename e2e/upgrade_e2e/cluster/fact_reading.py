"""Reading the facts of a cluster from the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrade_e2e.cluster.asking import config_map, get_if_there, items
from upgrade_e2e.cluster.facts import NO_PROXY, ClusterFacts
from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.cluster.kubeadm_config import (
    config_digest,
    dns_domain,
    feature_gates,
    parse_mapping,
    read_kubeadm_config,
    service_ranges,
)
from upgrade_e2e.cluster.network_facts import (
    corefile_domains,
    families_of,
    network_plugin,
    node_families,
    pod_families,
    served,
    service_families,
)
from upgrade_e2e.cluster.proxy_mode import (
    USUAL_MODE,
    kube_proxies,
    proxy_config,
    proxy_flag,
)
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import CommandFailed

__all__ = ["read_facts", "read_families"]

_SYSTEM = "/api/v1/namespaces/kube-system"
_API_SERVICE = "/api/v1/namespaces/default/services/kubernetes"
_SERVICE_RANGES = "/apis/networking.k8s.io/v1/servicecidrs/kubernetes"
_DNS_PODS = f"{_SYSTEM}/pods?labelSelector=k8s-app%3Dkube-dns"
_CNI_FOLDER = "/etc/cni/net.d"
_ON_NODE_S = 10.0


def read_facts(cluster: Cluster) -> ClusterFacts:
    """What kind of cluster this is.

    What a cluster does not have (kubeadm's configuration, kube-proxy, CoreDNS) leaves the fact at
    its default. Raises DeadlinePassed while the API server does not answer, and E2eError for a
    configuration that cannot be read.
    """
    config = read_kubeadm_config(cluster)
    daemon_sets = items(cluster, "/apis/apps/v1/daemonsets")
    usual = ClusterFacts()
    return ClusterFacts(
        families=_families(cluster, config) or usual.families,
        dns_domain=_domain(cluster, config) or usual.dns_domain,
        proxy=_proxy(cluster, daemon_sets, by_kubeadm=bool(config)),
        cni=network_plugin(daemon_sets) or _plugin_on_a_node(cluster),
        feature_gates=feature_gates(config),
        config_digest=config_digest(config),
    )


def read_families(cluster: Cluster, service: str) -> tuple[str, ...]:
    """The address families of a Service, named NAME.NAMESPACE.

    Empty when it is not there, or has no addresses of the cluster's.
    """
    name, _, namespace = service.partition(".")
    path = f"/api/v1/namespaces/{namespace}/services/{name}"
    return service_families(get_if_there(cluster, path))


def _families(cluster: Cluster, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The families of Services: by the API server's ranges of them, or by kubeadm's.

    Without either, the API server's own Service shows the primary one, and the ranges that nodes
    have for their pods show whether there is another.
    """
    ranges = (get_if_there(cluster, _SERVICE_RANGES).get("spec") or {}).get("cidrs")
    of_services = families_of(ranges or service_ranges(config))
    if not of_services:
        primary = service_families(get_if_there(cluster, _API_SERVICE))
        of_nodes = node_families(items(cluster, "/api/v1/nodes")) if primary else ()
        of_services = tuple(dict.fromkeys((*primary, *of_nodes)))
    return served(of_services, pod_families(items(cluster, _DNS_PODS)))


def _domain(cluster: Cluster, config: Mapping[str, Any]) -> str:
    """The domain that CoreDNS serves; kubeadm's, if CoreDNS serves that or does not say."""
    domains = corefile_domains(config_map(cluster, "coredns").get("Corefile", ""))
    named = dns_domain(config)
    if not domains or named in domains:
        return named
    return domains[0]


def _proxy(cluster: Cluster, daemon_sets: list[dict[str, Any]], *, by_kubeadm: bool) -> str:
    """kube-proxy's mode.

    Without kubeadm nothing is said about a cluster that has no DaemonSet of kube-proxy: some
    distributions run it inside of another program.
    """
    proxies = kube_proxies(daemon_sets)
    if not proxies:
        return NO_PROXY if by_kubeadm else ""
    place = proxy_config(proxies[0])
    if place is None:
        return proxy_flag(proxies[0]) or USUAL_MODE
    text = config_map(cluster, place.name, place.namespace).get(place.key, "")
    source = f"{place.key} in ConfigMap {place.namespace}/{place.name}"
    return str(parse_mapping(text, source).get("mode") or USUAL_MODE)


def _plugin_on_a_node(cluster: Cluster) -> str:
    """The name in the first network configuration of a node; empty where it cannot be read."""
    runner = next((node.runner for node in cluster.nodes if node.runner is not None), None)
    if runner is None:
        return ""
    try:
        return _configured_plugin(runner)
    except CommandFailed:
        return ""


def _configured_plugin(runner: Runner) -> str:
    listed = runner.run("ls", _CNI_FOLDER, timeout_s=_ON_NODE_S).stdout.split()
    files = [name for name in listed if name.endswith((".conf", ".conflist", ".json"))]
    if not files:
        return ""
    file = f"{_CNI_FOLDER}/{files[0]}"
    text = runner.run("cat", file, timeout_s=_ON_NODE_S).stdout
    return str(parse_mapping(text, file).get("name", ""))
