"""The members of etcd, as the static pods of a kubeadm cluster say it, and questions to them.

They are asked with the etcdctl of their own image, in their own pod, with the certificates that are
there already. So no key of the cluster leaves its node, no program has to be brought, and it works
wherever pods may be exec'd into.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, retry_api
from upgrade_e2e.cluster.pod_exec import exec_in_pod
from upgrade_e2e.errors import BadInput, E2eError

__all__ = ["Member", "ask_any", "ask_json", "find_members", "key_prefix", "metrics_url"]

_NAMESPACE = "kube-system"
_ASK_S = 30.0
_TROUBLE: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, E2eError)
_log = logging.getLogger(__name__)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not listened at


@dataclass(frozen=True)
class Member:
    """One member: the node and the pod that it runs in, and the flags that it was started with."""

    node: str
    pod: str
    flags: Mapping[str, str]

    @property
    def client_url(self) -> str:
        """The address at which clients reach it."""
        return self.flags["advertise-client-urls"].partition(",")[0]

    @property
    def etcdctl(self) -> tuple[str, ...]:
        """How etcdctl is called in its pod."""
        return (
            "etcdctl",
            f"--endpoints={self.client_url}",
            f"--cacert={self.flags['trusted-ca-file']}",
            f"--cert={self.flags['cert-file']}",
            f"--key={self.flags['key-file']}",
        )


def find_members(cluster: Cluster) -> tuple[Member, ...]:
    """The members of the cluster's etcd, by node. Raises BadInput when it has none in pods."""
    pods = _static_pods(cluster, "etcd")
    if not pods:
        raise BadInput(
            "etcd cannot be watched: no pod of kube-system has the label component=etcd, which "
            "kubeadm gives it. Choose scenarios without etcd_health where etcd runs elsewhere."
        )
    members = (Member(p.spec.node_name, p.metadata.name, _flags(p)) for p in pods)
    return tuple(sorted(members, key=lambda member: member.node))


def metrics_url(members: Sequence[Member]) -> str:
    """Where each member publishes its metrics without TLS, asked from its own node.

    That is kubeadm's http://127.0.0.1:2381. Raises BadInput where there is no such address, or not
    one for all.
    """
    urls = {_plain_url(member) for member in members}
    if len(urls) != 1 or "" in urls:
        raise BadInput(
            "etcd cannot be watched: its members publish their metrics at "
            f"{', '.join(sorted(filter(None, urls))) or 'no address without TLS'}; start each with "
            "the same --listen-metrics-urls=http://127.0.0.1:2381, as kubeadm does, or choose "
            "scenarios without etcd_health."
        )
    return urls.pop()


def key_prefix(cluster: Cluster) -> str:
    """Below which key the API server keeps its objects."""
    flags = [_flags(pod) for pod in _static_pods(cluster, "kube-apiserver")]
    return next((one["etcd-prefix"] for one in flags if "etcd-prefix" in one), "/registry")


def ask_any(cluster: Cluster, *words: str) -> str:
    """What etcdctl says in the pod of the first member that can be asked.

    Raises what the last of them raises, and BadInput where there is none.
    """
    members = find_members(cluster)
    for member in members[:-1]:
        try:
            return _ask(cluster, member, *words)
        except _TROUBLE as error:
            _log.debug("%s cannot be asked: %s", member.pod, error)
    return _ask(cluster, members[-1], *words)


def ask_json(cluster: Cluster, *words: str) -> Any:
    """The same as data."""
    return json.loads(ask_any(cluster, *words, "--write-out=json"))


def _ask(cluster: Cluster, member: Member, *words: str) -> str:
    return exec_in_pod(cluster, _NAMESPACE, member.pod, (*member.etcdctl, *words), _ASK_S)


def _static_pods(cluster: Cluster, component: str) -> list[Any]:
    api = cluster.api
    return list(
        retry_api(
            lambda: api.core.list_namespaced_pod(
                _NAMESPACE,
                label_selector=f"component={component},tier=control-plane",
                _request_timeout=api.timeout,
            )
        ).items
    )


def _flags(pod: Any) -> dict[str, str]:
    container = pod.spec.containers[0]
    words = [*(container.command or ()), *(container.args or ())]
    pairs = (word.removeprefix("--").partition("=") for word in words if word.startswith("--"))
    return {name: value for name, _, value in pairs}


def _plain_url(member: Member) -> str:
    for url in member.flags.get("listen-metrics-urls", "").split(","):
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname:
            host = _ANYWHERE.get(parts.hostname)
            if host is None:
                host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            return f"http://{host}:{parts.port or 80}"
    return ""
