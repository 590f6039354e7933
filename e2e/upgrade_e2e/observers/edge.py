"""HTTP through an nginx edge, so that a broken backend shows as the 502 that users see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from upgrade_e2e.observers.base import Parts, Site
from upgrade_e2e.observers.http import HttpService, http_probe
from upgrade_e2e.observers.objects import config_map, http_url, labels
from upgrade_e2e.observers.workload import WEB_PORT, Workload, apply_workload
from upgrade_e2e.timeline import Connection

__all__ = ["HttpEdge", "nginx_conf"]

_PORT = 8080


@dataclass(frozen=True)
class HttpEdge:
    """An nginx on every node in front of the service that `backend` names.

    Streams `new@NODE`, each prober asking the edge of its own node. The edge does not try again
    and does not mark its backend as down, so that each failure behind it is one 502 or 504. Its
    pods belong to a DaemonSet, which drains leave alone.
    """

    rate_hz: float = 50.0
    backend: HttpService = field(default_factory=HttpService)
    name: str = "edge"
    timeout_s: float = 2.0

    def deploy(self, site: Site) -> Parts:
        """Apply the workload behind and the edge before it; see Observer."""
        behind = self.backend
        address = apply_workload(site, behind.name, behind.workload)
        conf = nginx_conf(http_url(address, WEB_PORT, ""), self.timeout_s)
        site.apply(config_map(site, self.name, {"nginx.conf": conf}))
        site.apply(daemon_set(site, self.name))
        edge = site.apply(service(site, self.name))["spec"]["clusterIP"]
        url = http_url(edge, WEB_PORT)
        return Parts(
            node_probes=(http_probe(url, Connection.NEW, self.rate_hz, self.timeout_s),),
            companions=behind.companions(site),
        )

    def altered(self, change: Callable[[Workload], Workload]) -> HttpEdge:
        """The same with another workload behind it; see Alterable."""
        return replace(self, backend=self.backend.altered(change))


def nginx_conf(upstream: str, timeout_s: float) -> str:
    """The configuration of the edge: one upstream, no second try, nothing written to disk."""
    return f"""\
worker_processes 1;
pid /tmp/nginx.pid;
error_log /dev/stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  server {{
    listen {_PORT};
    location / {{
      proxy_pass {upstream};
      proxy_next_upstream off;
      proxy_connect_timeout {timeout_s:g}s;
      proxy_read_timeout {timeout_s:g}s;
    }}
  }}
}}
"""


def daemon_set(site: Site, name: str) -> dict[str, Any]:
    """One nginx on every node."""
    container = {
        "name": "nginx",
        "image": site.images.edge,
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
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": site.namespace, "labels": labels(name)},
        "spec": {
            "selector": {"matchLabels": labels(name)},
            "template": {"metadata": {"labels": labels(name)}, "spec": pod},
        },
    }


def service(site: Site, name: str) -> dict[str, Any]:
    """A Service that stays on the node, so that a prober asks the edge beside it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": site.namespace, "labels": labels(name)},
        "spec": {
            "selector": labels(name),
            "internalTrafficPolicy": "Local",
            "ports": [{"name": "http", "port": WEB_PORT, "targetPort": _PORT}],
        },
    }
