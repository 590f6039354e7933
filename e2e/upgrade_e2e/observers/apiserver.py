"""The API server, probed from outside of the cluster through the kubeconfig."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from upgrade_e2e.cluster import Api
from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, Probe, label_or_kind
from upgrade_e2e.observers.checks import check_label, check_rate, check_timeout
from upgrade_e2e.observers.objects import config_map
from upgrade_e2e.timeline import Connection

__all__ = ["ApiServer", "access", "readyz_probe"]


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """The API at the kubeconfig's address (behind a load balancer, if there is one).

    Streams, each at `rate_hz`, from this machine:
    readyz@host  GET /readyz over a new connection each time
    get@host     a read of one ConfigMap over a kept connection
    write@host   a write to it (a patch with a growing number), because reads may go on being
                 answered while writes hang
    watch@host   from the acknowledgement of a write to its event in one long watch
    The ConfigMap is named after `label`. Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "api"
    rate_hz: float = 10.0
    label: str = ""
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        check_rate("ApiServer.rate_hz", self.rate_hz)
        check_label("ApiServer.label", self.label)
        check_timeout("ApiServer.timeout_s", self.timeout_s)

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self))

    def deploy(self, context: DeployContext) -> Parts:
        """Apply the ConfigMap that is written to; see Observer."""
        canary_name = label_or_kind(self)
        context.apply(config_map(context, canary_name, {"seq": "0"}))
        server = access(context.cluster.api)
        maps = f"{server['url']}/api/v1/namespaces/{context.namespace}/configmaps"
        canary = {**server, "url": f"{maps}/{canary_name}"}
        write = {
            **canary,
            "method": "PATCH",
            "body": json.dumps({"data": {"seq": "{seq}"}}),
            "headers": {"Content-Type": "application/merge-patch+json"},
        }
        watch = {**server, "url": maps, "object": canary_name, "writer": "write"}
        return Parts(
            host_probes=(
                readyz_probe(context.cluster.api, "readyz", self.rate_hz, self.timeout_s),
                self._probe("get", "http", canary),
                self._probe("write", "http", write),
                self._probe("watch", "watch", watch),
            )
        )

    def _probe(self, name: str, kind: str, settings: dict[str, Any]) -> Probe:
        asks = kind == "http"
        return Probe(
            name=name,
            kind=kind,
            target=settings["url"],
            interval_s=1 / self.rate_hz if asks else 0.0,
            timeout_s=self.timeout_s,
            connection=Connection.REUSED if asks else Connection.NONE,
            settings=settings,
        )


def readyz_probe(api: Api, name: str, rate_hz: float, timeout_s: float) -> Probe:
    """A stream of GET /readyz over new connections."""
    server = access(api)
    url = f"{server['url']}/readyz"
    return Probe(
        name=name,
        kind="http",
        target=url,
        interval_s=1 / rate_hz,
        timeout_s=timeout_s,
        connection=Connection.NEW,
        settings={**server, "url": url, "body_has": "ok"},
    )


def access(api: Api) -> dict[str, Any]:
    """Address and credentials of the API server, as the agent's spec names them.

    Raises BadInput for a kubeconfig with a proxy, which the agent does not speak to.
    """
    settings = api.client.configuration
    if settings.proxy:
        raise BadInput(
            f"the kubeconfig reaches the API server through the proxy {settings.proxy}, which the "
            "prober cannot use; give a kubeconfig with a direct address."
        )
    bearer = settings.auth_settings().get("BearerToken", {}).get("value", "")
    found = {
        "url": settings.host.rstrip("/"),
        "ca_file": settings.ssl_ca_cert,
        "cert_file": settings.cert_file,
        "key_file": settings.key_file,
        "server_name": settings.tls_server_name,
        "token": bearer.removeprefix("Bearer "),
        "insecure": not settings.verify_ssl,
    }
    return {name: value for name, value in found.items() if value}
