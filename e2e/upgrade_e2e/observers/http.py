"""HTTP through a Service, probed from every node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from upgrade_e2e.cluster.network_facts import families_of
from upgrade_e2e.observers.base import (
    BackgroundTask,
    DeployContext,
    Observer,
    Parts,
    Probe,
    label_or_kind,
)
from upgrade_e2e.observers.checks import check_label, check_rate, check_timeout, check_type
from upgrade_e2e.observers.objects import http_url
from upgrade_e2e.observers.rollout import Rollouts
from upgrade_e2e.observers.workload import WEB_PORT, Workload, apply_workload
from upgrade_e2e.timeline import Connection

__all__ = ["SECOND_FAMILY", "HttpService", "http_probes"]

SECOND_FAMILY = 0.2
"""How fast the second address family is probed, as a share of the primary one's rate.

Both at the full rate would cost the probers twice the CPU, and so make those of the first one late.
"""


@dataclass(frozen=True, kw_only=True)
class HttpService:
    """A web service behind a ClusterIP, asked by every node over new and over kept connections.

    Streams `new@NODE` and `reused@NODE`, each at `rate_hz`. In a cluster of two address families
    these are of its primary one; the other one has `new-ipv6@NODE` and `reused-ipv6@NODE` (or
    `-ipv4`) at a fifth of that. The addresses are cluster IPs, so that a failing cluster DNS does
    not show here. The workload's objects are named after `label`. Raises BadInput for values that
    cannot work.
    """

    kind: ClassVar[str] = "web"
    rate_hz: float = 50.0
    workload: Workload = field(default_factory=Workload)
    label: str = ""
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        check_rate("HttpService.rate_hz", self.rate_hz)
        check_type("HttpService.workload", self.workload, Workload)
        check_label("HttpService.label", self.label)
        check_timeout("HttpService.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def altered(self, change: Callable[[Workload], Workload]) -> Self:
        """The same observer of a workload that `change` makes of this one."""
        return replace(self, workload=change(self.workload))

    def deploy(self, context: DeployContext) -> Parts:
        """Apply the workload; see Observer."""
        addresses = self.serve(context)
        return Parts(
            node_probes=tuple(
                probe
                for kind in (Connection.NEW, Connection.REUSED)
                for probe in http_probes(addresses, kind, self.rate_hz, self.timeout_s)
            ),
            background_tasks=self.background_tasks(context),
        )

    def serve(self, context: DeployContext) -> tuple[str, ...]:
        """Apply the workload; returns the addresses of its Service, one of each family."""
        return apply_workload(context, label_or_kind(self), self.workload)

    def background_tasks(self, context: DeployContext) -> tuple[BackgroundTask, ...]:
        """The rollouts, if the workload has any."""
        every_s = self.workload.rollout_every_s
        if every_s is None:
            return ()
        return (Rollouts(context, label_or_kind(self), every_s / context.pace),)


def http_probes(
    addresses: Sequence[str], connection: Connection, rate_hz: float, timeout_s: float
) -> Iterator[Probe]:
    """A stream of GET requests for the workload's page to each address of its Service.

    The first one, of the primary family, is named after the kind of connection and has `rate_hz`.
    """
    first, *others = addresses
    yield _probe(connection.label, first, connection, rate_hz, timeout_s)
    for address in others:
        (family,) = families_of([address])
        name = f"{connection.label}-{family}"
        yield _probe(name, address, connection, rate_hz * SECOND_FAMILY, timeout_s)


def _probe(
    name: str, address: str, connection: Connection, rate_hz: float, timeout_s: float
) -> Probe:
    url = http_url(address, WEB_PORT)
    return Probe(
        name=name,
        kind="http",
        target=url,
        interval_s=1 / rate_hz,
        timeout_s=timeout_s,
        connection=connection,
        settings={"url": url, "body_has": '"pod"'},
    )
