"""What kind of cluster this is: the facts by which passes are compared and observers adapt."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["IPV4", "IPV6", "NO_PROXY", "USUAL_DOMAIN", "ClusterFacts"]

IPV4, IPV6 = "ipv4", "ipv6"
NO_PROXY = "none"
USUAL_DOMAIN = "cluster.local"


@dataclass(frozen=True)
class ClusterFacts:
    """Facts about a cluster, read from the cluster itself.

    `families` are the address families of its Services, the first one being that of Services
    which ask for none: ("ipv4",), ("ipv6",) or both. `dns_domain` is the cluster's own domain.
    `proxy` is the mode of kube-proxy (`iptables`, `nftables`, `ipvs`), `none` where kube-proxy is
    absent or runs on no node, empty where it is not known. `cni` names the network plugin, empty
    where it is not known. `feature_gates` are those that the control plane was given, as
    `NAME=true`. `config_digest` is a digest of kubeadm's ClusterConfiguration without its version
    and the cluster's name.
    """

    families: tuple[str, ...] = (IPV4,)
    dns_domain: str = USUAL_DOMAIN
    proxy: str = ""
    cni: str = ""
    feature_gates: tuple[str, ...] = ()
    config_digest: str = ""

    def __str__(self) -> str:
        """What is known, in a few words: `iptables, ipv4+ipv6, flannel`."""
        proxy = "no kube-proxy" if self.proxy == NO_PROXY else self.proxy
        domain = "" if self.dns_domain == USUAL_DOMAIN else self.dns_domain
        return ", ".join(filter(None, (proxy, "+".join(self.families), self.cni, domain)))
