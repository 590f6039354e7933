"""Lookups in the cluster's DNS, probed from every node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from upgrade_e2e.observers.base import DeployContext, Observer, Parts, Probe
from upgrade_e2e.observers.checks import (
    check_domain,
    check_label,
    check_rate,
    check_service,
    check_timeout,
)

__all__ = ["DnsLookups"]


@dataclass(frozen=True)
class DnsLookups:
    """Lookups of a Service's name, as a pod does them, with a new socket each.

    `service` is what is looked up, as NAME.NAMESPACE; `label` is what the observer itself is
    called. Streams of every node:
    a@         A of the full name, at `rate_hz`
    aaaa@      AAAA of the full name; an answer without records is right for an IPv4 service
    search@    the short name, walked through the search path as a libc does (ndots:5)
    nxdomain@  a name that does not exist; its absence is the right answer
    The last three run at `side_hz` each. Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "dns"
    service: str = "kubernetes.default"
    _: KW_ONLY
    rate_hz: float = 50.0
    side_hz: float = 10.0
    label: str = ""
    timeout_s: float = 2.0
    cluster_domain: str = "cluster.local"

    def __post_init__(self) -> None:
        check_service("DnsLookups.service", self.service)
        check_rate("DnsLookups.rate_hz", self.rate_hz)
        check_rate("DnsLookups.side_hz", self.side_hz)
        check_label("DnsLookups.label", self.label)
        check_timeout("DnsLookups.timeout_s", self.timeout_s)
        check_domain("DnsLookups.cluster_domain", self.cluster_domain)
        check_domain("the whole name that DnsLookups looks up", self._full)

    @property
    def _full(self) -> str:
        return f"{self.service}.svc.{self.cluster_domain}"

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Nothing to apply: every cluster has DNS; see Observer."""
        full = f"{self._full}."
        absent = f"absent.{context.namespace}.svc.{self.cluster_domain}."
        return Parts(
            node_probes=(
                self._probe("a", self.rate_hz, "dns", full, qtype="A", expect="answer"),
                self._probe("aaaa", self.side_hz, "dns", full, qtype="AAAA", expect="noerror"),
                self._probe("search", self.side_hz, "dns-search", self.service),
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
