"""Lookups in the cluster's DNS, probed from every node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from upgrade_e2e.observers.base import Parts, Probe, Site

__all__ = ["DnsLookups"]


@dataclass(frozen=True)
class DnsLookups:
    """Lookups of a Service's name, as a pod does them, with a new socket each.

    `name_to_resolve` is SERVICE.NAMESPACE. Streams of every node:
    a@         A of the full name, at `rate_hz`
    aaaa@      AAAA of the full name; an answer without records is right for an IPv4 service
    search@    the short name, walked through the search path as a libc does (ndots:5)
    nxdomain@  a name that does not exist; its absence is the right answer
    The last three run at `side_hz` each.
    """

    name_to_resolve: str = "kubernetes.default"
    rate_hz: float = 50.0
    side_hz: float = 10.0
    name: str = "dns"
    timeout_s: float = 2.0
    cluster_domain: str = "cluster.local"

    def deploy(self, site: Site) -> Parts:
        """Nothing to apply: every cluster has DNS; see Observer."""
        full = f"{self.name_to_resolve}.svc.{self.cluster_domain}."
        absent = f"absent.{site.namespace}.svc.{self.cluster_domain}."
        return Parts(
            node_probes=(
                self._probe("a", self.rate_hz, "dns", full, qtype="A", expect="answer"),
                self._probe("aaaa", self.side_hz, "dns", full, qtype="AAAA", expect="noerror"),
                self._probe("search", self.side_hz, "dns-search", self.name_to_resolve),
                self._probe("nxdomain", self.side_hz, "dns", absent, expect="nxdomain"),
            )
        )

    def _probe(self, name: str, rate_hz: float, kind: str, qname: str, **settings: Any) -> Probe:
        return Probe(
            name=name,
            kind=kind,
            target=qname,
            interval_s=1 / rate_hz,
            timeout_s=self.timeout_s,
            settings={"qname": qname, **settings},
        )
