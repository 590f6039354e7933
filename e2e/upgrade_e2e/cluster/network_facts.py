"""What objects of a cluster say about its network: pure functions over API objects."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from upgrade_e2e.cluster.facts import IPV4, IPV6
from upgrade_e2e.errors import E2eError

__all__ = [
    "corefile_domains",
    "families_of",
    "network_plugin",
    "node_families",
    "pod_families",
    "served",
    "service_families",
]

_PLUGINS = {
    "kindnet": "kindnet",
    "canal": "canal",
    "flannel": "flannel",
    "calico": "calico",
    "cilium": "cilium",
    "antrea": "antrea",
    "kube-router": "kube-router",
    "kube-ovn": "kube-ovn",
    "ovnkube": "ovn-kubernetes",
    "weave": "weave",
    "aws-node": "amazon-vpc",
}
"""Words in the names of DaemonSets and of their images, and the network plugin that they mean."""


def families_of(addresses: Iterable[str]) -> tuple[str, ...]:
    """The families of addresses or ranges, in their order and each once.

    Raises E2eError for what is neither.
    """
    families = []
    for address in addresses:
        try:
            version = ipaddress.ip_interface(address).version
        except ValueError as error:
            raise E2eError(
                f"the cluster names {address!r} where an IP address or a range of them belongs; "
                "correct that in the cluster."
            ) from error
        families.append(IPV4 if version == 4 else IPV6)
    return tuple(dict.fromkeys(families))


def service_families(service: Mapping[str, Any]) -> tuple[str, ...]:
    """The families of one Service, its first one first; empty for one without addresses."""
    spec = service.get("spec") or {}
    if named := spec.get("ipFamilies"):
        return tuple(str(family).lower() for family in named)
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP")]
    return families_of(address for address in addresses if address and address != "None")


def node_families(nodes: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The families of the ranges that nodes have for their pods; empty when none has one."""
    return families_of(
        range_ for node in nodes for range_ in (node.get("spec") or {}).get("podCIDRs") or ()
    )


def pod_families(pods: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The families in which pods have addresses; empty when none has one yet."""
    return families_of(
        one["ip"] for pod in pods for one in (pod.get("status") or {}).get("podIPs") or ()
    )


def served(services: Sequence[str], pods: Sequence[str]) -> tuple[str, ...]:
    """The families of Services in which pods can serve them.

    `pods` are the families that pods have addresses of; empty where that is not known.
    """
    if not pods:
        return tuple(services)
    return tuple(family for family in services if family in pods) or tuple(services)


def corefile_domains(corefile: str) -> tuple[str, ...]:
    """The domains that the plugin `kubernetes` of CoreDNS serves, but those of addresses."""
    domains: list[str] = []
    depth, block = 0, []
    for words in _lines_of_words(corefile):
        if depth == 0 and words[-1] == "{":
            block = [word.strip(",").removeprefix("dns://").split(":")[0] for word in words[:-1]]
        elif depth == 1 and words[0] == "kubernetes":
            domains += [word for word in words[1:] if word != "{"] or block
        depth += (words[-1] == "{") - (words[0] == "}")
    forward = [domain.rstrip(".") for domain in domains if not domain.rstrip(".").endswith(".arpa")]
    return tuple(dict.fromkeys(filter(None, forward)))


def _lines_of_words(corefile: str) -> Iterator[list[str]]:
    for line in corefile.splitlines():
        if words := line.partition("#")[0].split():
            yield words


def network_plugin(daemon_sets: Iterable[Mapping[str, Any]]) -> str:
    """The network plugin that these DaemonSets belong to; empty when none is known.

    Several that work together are named with a plus between.
    """
    found = {plugin for one in daemon_sets if (plugin := _plugin_of(one))}
    return "+".join(sorted(found))


def _plugin_of(daemon_set: Mapping[str, Any]) -> str:
    containers = daemon_set["spec"]["template"]["spec"].get("containers") or ()
    images = [str(container.get("image", "")).partition("@")[0] for container in containers]
    for text in (daemon_set["metadata"]["name"], *images):
        for word, plugin in _PLUGINS.items():
            if word in text:
                return plugin
    return ""
