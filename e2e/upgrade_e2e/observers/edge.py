"""HTTP through an nginx edge, so that a broken backend shows as the 502 that users see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, ClassVar, Self

from upgrade_e2e.errors import BadInput
from upgrade_e2e.observers.base import DeployContext, Observer, Parts, label_or_kind
from upgrade_e2e.observers.checks import check_label, check_rate, check_timeout, check_type
from upgrade_e2e.observers.http import HttpService, http_probes
from upgrade_e2e.observers.objects import (
    addresses_of,
    config_map,
    http_url,
    service,
    workload_object,
)
from upgrade_e2e.observers.workload import WEB_PORT, Workload
from upgrade_e2e.timeline import Connection

__all__ = ["HttpEdge", "nginx_conf"]

_PORT = 8080


@dataclass(frozen=True)
class HttpEdge:
    """An nginx on every node in front of the service that `backend` names.

    Streams `new@NODE`, each prober asking the edge of its own node, and `new-ipv6@NODE` (or
    `-ipv4`) in a cluster of two address families, as of HttpService: a request goes through the
    edge to the backend in one family all the way. The edge does not try again
    and does not mark its backend as down, so that each failure behind it is one 502 or 504. Its
    pods belong to a DaemonSet, which drains leave alone, and are asked whether they are shown as
    ready or not: what is watched is the way from the edge on. An `HttpService` that is watched as
    well and equal to `backend` is the same workload. Raises BadInput for values that cannot work.
    """

    kind: ClassVar[str] = "edge"
    backend: HttpService = field(default_factory=HttpService)
    _: KW_ONLY
    rate_hz: float = 50.0
    label: str = ""
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        check_type("HttpEdge.backend", self.backend, HttpService)
        check_rate("HttpEdge.rate_hz", self.rate_hz)
        check_label("HttpEdge.label", self.label)
        check_timeout("HttpEdge.timeout_s", self.timeout_s)
        if (shared := label_or_kind(self)) == label_or_kind(self.backend):
            raise BadInput(
                f"an HttpEdge and its backend are both called {shared!r}, so that their objects "
                "would overwrite each other; give one of them another label."
            )

    def labelled(self, label_of: Callable[[Observer], str]) -> Self:
        """See TakesLabel."""
        return replace(self, label=label_of(self), backend=self.backend.labelled(label_of))

    def altered(self, change: Callable[[Workload], Workload]) -> Self:
        """The same observer with a workload behind it that `change` makes of this one."""
        return replace(self, backend=self.backend.altered(change))

    def deploy(self, context: DeployContext) -> Parts:
        """Apply the workload behind and the edge before it; see Observer."""
        name = label_or_kind(self)
        upstream, *others = (http_url(one, WEB_PORT, "") for one in self.backend.serve(context))
        conf = nginx_conf(upstream, self.timeout_s, *others)
        context.apply(config_map(context, name, {"nginx.conf": conf}))
        context.apply(daemon_set(context, name))
        edge = addresses_of(context.apply(_front(context, name)))
        return Parts(
            node_probes=tuple(http_probes(edge, Connection.NEW, self.rate_hz, self.timeout_s)),
            background_tasks=self.backend.background_tasks(context),
        )


def nginx_conf(upstream: str, timeout_s: float, *others: str) -> str:
    """The configuration of the edge: no second try, nothing written to disk.

    Each upstream, a URL, has a server that listens in the family of its address; `others` are those
    of further families.
    """
    servers = "".join(_server(one, timeout_s) for one in (upstream, *others))
    return f"""\
worker_processes 1;
pid /tmp/nginx.pid;
error_log /dev/stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
{servers}}}
"""


def _server(upstream: str, timeout_s: float) -> str:
    # `[::]` means the IPv6 addresses alone. In a container without IPv6 nginx would not start.
    listen = f"[::]:{_PORT}" if "[" in upstream else str(_PORT)
    return f"""\
  server {{
    listen {listen};
    location / {{
      proxy_pass {upstream};
      proxy_next_upstream off;
      proxy_connect_timeout {timeout_s:g}s;
      proxy_read_timeout {timeout_s:g}s;
    }}
  }}
"""


def _front(context: DeployContext, name: str) -> dict[str, Any]:
    """The Service of the edge, which stays on the node: a prober asks the nginx next to it.

    So each node has one endpoint. A kubelet before 1.35 that restarts shows all pods with a
    readiness probe as not ready until it has probed them, and kube-proxy would drop what comes in
    that second. That is nothing that a backend did, hence the addresses that need not be ready.
    """
    policy = {"internalTrafficPolicy": "Local", "publishNotReadyAddresses": True}
    return service(context, name, WEB_PORT, _PORT, **policy)


def daemon_set(context: DeployContext, name: str) -> dict[str, Any]:
    """One nginx on every node."""
    container = {
        "name": "nginx",
        "image": context.images.edge,
        "imagePullPolicy": "IfNotPresent",
        "command": ["nginx", "-c", "/edge/nginx.conf", "-g", "daemon off;"],
        "ports": [{"name": "http", "containerPort": _PORT}],
        "resources": {"requests": {"cpu": "50m", "memory": "16Mi"}},
        "readinessProbe": {"tcpSocket": {"port": _PORT}, "periodSeconds": 2},
        "volumeMounts": [{"name": "edge", "mountPath": "/edge", "readOnly": True}],
    }
    pod = {
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [{"name": "edge", "configMap": {"name": name}}],
    }
    return workload_object(context, "DaemonSet", name, pod)
