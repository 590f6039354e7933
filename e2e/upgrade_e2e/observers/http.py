"""HTTP through a Service, probed from every node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from upgrade_e2e.observers.base import Companion, Parts, Probe, Site
from upgrade_e2e.observers.objects import http_url
from upgrade_e2e.observers.rollout import Rollouts
from upgrade_e2e.observers.workload import WEB_PORT, Workload, apply_workload
from upgrade_e2e.timeline import Connection

__all__ = ["HttpService", "http_probe"]


@dataclass(frozen=True)
class HttpService:
    """A web service behind a ClusterIP, asked by every node over new and over kept connections.

    Streams `new@NODE` and `reused@NODE`, each at `rate_hz`. The address is the cluster IP, so
    that a failing cluster DNS does not show here.
    """

    rate_hz: float = 50.0
    workload: Workload = field(default_factory=Workload)
    name: str = "web"
    timeout_s: float = 2.0

    def deploy(self, site: Site) -> Parts:
        """Apply the workload; see Observer."""
        url = http_url(apply_workload(site, self.name, self.workload), WEB_PORT)
        connections = (Connection.NEW, Connection.REUSED)
        return Parts(
            node_probes=tuple(
                http_probe(url, kind, self.rate_hz, self.timeout_s) for kind in connections
            ),
            companions=self.companions(site),
        )

    def altered(self, change: Callable[[Workload], Workload]) -> HttpService:
        """The same with another workload; see Alterable."""
        return replace(self, workload=change(self.workload))

    def companions(self, site: Site) -> tuple[Companion, ...]:
        """The rollouts, if there are to be any."""
        every_s = self.workload.rollout_every_s
        return () if every_s is None else (Rollouts(site, self.name, every_s / site.pace),)


def http_probe(url: str, connection: Connection, rate_hz: float, timeout_s: float) -> Probe:
    """A stream of GET requests for the workload's page, named after the kind of connection."""
    return Probe(
        name=connection.label,
        kind="http",
        target=url,
        interval_s=1 / rate_hz,
        timeout_s=timeout_s,
        connection=connection,
        settings={"url": url, "body_has": '"pod"'},
    )
