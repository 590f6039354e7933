"""Reading the facts of a cluster from the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster.asking import get, items
from upgrade_e2e.cluster.facts import NO_PROXY, ClusterFacts
from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.cluster.kubeadm_config import (
    config_digest,
    dns_domain,
    feature_gates,
    parse_mapping,
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
    text = _data(cluster, "kubeadm-config").get("ClusterConfiguration", "")
    config = parse_mapping(text, "ClusterConfiguration in ConfigMap kube-system/kubeadm-config")
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
    return service_families(_known(cluster, f"/api/v1/namespaces/{namespace}/services/{name}"))


def _families(cluster: Cluster, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The families of Services: by the API server's ranges of them, or by kubeadm's.

    Without either, the API server's own Service shows the primary one, and the ranges that nodes
    have for their pods show whether there is another.
    """
    ranges = (_known(cluster, _SERVICE_RANGES).get("spec") or {}).get("cidrs")
    of_services = families_of(ranges or service_ranges(config))
    if not of_services:
        primary = service_families(_known(cluster, _API_SERVICE))
        of_nodes = node_families(items(cluster, "/api/v1/nodes")) if primary else ()
        of_services = tuple(dict.fromkeys((*primary, *of_nodes)))
    return served(of_services, pod_families(items(cluster, _DNS_PODS)))


def _domain(cluster: Cluster, config: Mapping[str, Any]) -> str:
    """The domain that CoreDNS serves; kubeadm's, if CoreDNS serves that or does not say."""
    domains = corefile_domains(_data(cluster, "coredns").get("Corefile", ""))
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
    text = _data(cluster, place.name, place.namespace).get(place.key, "")
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


def _data(cluster: Cluster, name: str, namespace: str = "kube-system") -> Mapping[str, str]:
    """What a ConfigMap holds; empty when it is not there."""
    found = _known(cluster, f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    return found.get("data") or {}


def _known(cluster: Cluster, path: str) -> dict[str, Any]:
    """The object at `path`, empty when there is none."""
    try:
        found: dict[str, Any] = get(cluster, path)
    except ApiException as error:
        if error.status == 404:
            return {}
        raise
    return found
