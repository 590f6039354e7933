"""Lookups in the cluster's DNS, probed from every node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from upgrade_e2e.cluster.fact_reading import read_families
from upgrade_e2e.cluster.facts import IPV4, IPV6, USUAL_DOMAIN
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, Probe
from upgrade_e2e.observers.checks import (
    check_domain,
    check_label,
    check_rate,
    check_service,
    check_timeout,
)
from upgrade_e2e.timeline import Connection

__all__ = ["DnsLookups"]

_API = "kubernetes.default"
_QTYPES = {IPV4: "A", IPV6: "AAAA"}


@dataclass(frozen=True)
class DnsLookups:
    """Lookups of a Service's name, as pods do them: from a new socket each, and from a kept one.

    `service` is what is looked up, as NAME.NAMESPACE; `label` is what the observer itself is
    called. `cluster_domain` is read from the cluster where it is empty. Streams of every node:
    a@         A of the full name
    aaaa@      AAAA of the full name
    search@    the short name, walked through the search path as a libc does (ndots:5)
    nxdomain@  a name that does not exist; its absence is the right answer
    reused@    as the faster one of `a@` and `aaaa@`, but all from one connected socket that is kept
               for the whole pass, with its source port, whatever errors and timeouts there are:
               conntrack may go on sending these to a pod that is gone
    Of `a@` and `aaaa@`, the one of the Service's first address family runs at `rate_hz`, `reused@`
    at `reused_hz`, all others at `side_hz`. Only `reused@` has the connection `reused`, all others
    `new`. At 20 Hz no hole of 50 ms or more is missed, and those that a kept socket alone falls
    into last for seconds; faster it would cost more than it shows. An answer without records is
    right for a family in which the Service has no address. Raises BadInput for values that cannot
    work.
    """

    kind: ClassVar[str] = "dns"
    service: str = _API
    _: KW_ONLY
    rate_hz: float = 50.0
    side_hz: float = 10.0
    reused_hz: float = 20.0
    label: str = ""
    timeout_s: float = 2.0
    cluster_domain: str = ""

    def __post_init__(self) -> None:
        check_service("DnsLookups.service", self.service)
        check_rate("DnsLookups.rate_hz", self.rate_hz)
        check_rate("DnsLookups.side_hz", self.side_hz)
        check_rate("DnsLookups.reused_hz", self.reused_hz)
        check_label("DnsLookups.label", self.label)
        check_timeout("DnsLookups.timeout_s", self.timeout_s)
        if self.cluster_domain != "":
            check_domain("DnsLookups.cluster_domain", self.cluster_domain)
        self._full(self.cluster_domain or USUAL_DOMAIN)

    def _full(self, domain: str) -> str:
        """The whole name; raises BadInput when DNS cannot carry it."""
        name = f"{self.service}.svc.{domain}"
        check_domain("the whole name that DnsLookups looks up", name)
        return name

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Nothing to apply: every cluster has DNS; see Observer."""
        domain = self.cluster_domain or context.facts.dns_domain
        full, families = f"{self._full(domain)}.", self._families(context)
        absent = f"absent.{context.namespace}.svc.{domain}."
        return Parts(
            node_probes=(
                *(self._of_family(family, full, families) for family in (IPV4, IPV6)),
                self._probe("search", self.side_hz, "dns-search", self.service),
                self._probe("nxdomain", self.side_hz, "dns", absent, expect="nxdomain"),
                self._kept(full, families[0]),
            )
        )

    def _families(self, context: DeployContext) -> tuple[str, ...]:
        """The families in which the Service has an address, its first one first.

        That of the API server always has the cluster's primary one, and so has a Service that is
        not there yet, unless it asks for another.
        """
        found = () if self.service == _API else read_families(context.cluster, self.service)
        return found or context.facts.families[:1]

    def _of_family(self, family: str, full: str, families: tuple[str, ...]) -> Probe:
        qtype = _QTYPES[family]
        rate_hz = self.rate_hz if family == families[0] else self.side_hz
        expect = "answer" if family in families else "noerror"
        return self._probe(qtype.lower(), rate_hz, "dns", full, qtype=qtype, expect=expect)

    def _kept(self, full: str, family: str) -> Probe:
        asks = {"qtype": _QTYPES[family], "expect": "answer"}
        probe = self._probe("reused", self.reused_hz, "dns", full, **asks)
        return replace(probe, connection=Connection.REUSED)

    def _probe(self, name: str, rate_hz: float, kind: str, qname: str, **settings: Any) -> Probe:
        return Probe(
            name=name,
            kind=kind,
            target=qname,
            interval_s=1 / rate_hz,
            timeout_s=self.timeout_s,
            connection=Connection.NEW,
            settings={"qname": qname, **settings},
        )
