"""Asking a cluster whose control plane restarts: answers of the API, and kubectl on a node."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, Node, Role, retry_api
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import CommandFailed, DeadlinePassed
from upgrade_e2e.providers.kind.delivery import runner_of

__all__ = ["ask", "full_name", "items", "kubectl", "node_of"]

T = TypeVar("T")
ADMIN_CONF = "/etc/kubernetes/admin.conf"
ASK_WITHIN_S = 120.0
_PASSING = re.compile(
    r"Forbidden|connection refused|connection reset|connection lost|was refused|no route to host"
    r"|TLS handshake|i/o timeout|context deadline exceeded|Client\.Timeout|\bEOF\b"
    r"|etcdserver: |ServiceUnavailable|InternalError|TooManyRequests|Unauthorized"
    r"|unable to connect to the server|error trying to reach|http2: |the server is currently unable"
    r"|the object has been modified|could not find the requested resource",
    re.IGNORECASE,
)
"""What kubectl says while an API server restarts, and not of what it was asked to do."""


def full_name(cluster: Cluster, short: str) -> str:
    """`dev-worker2` of `worker2` in the cluster `dev`."""
    return f"{cluster.name}-{short}"


def node_of(cluster: Cluster, short: str) -> Node:
    """The node with this short name."""
    return cluster.node(full_name(cluster, short))


def ask(what: str, call: Callable[[], T], within_s: float = ASK_WITHIN_S) -> T:
    """One answer of the API; raises DeadlinePassed when it gives none within `within_s`."""
    try:
        return retry_api(call, within_s)
    except TRANSIENT_API_ERRORS as error:
        raise DeadlinePassed(
            f"the API server did not tell {what} within {within_s:g} s: "
            f"{type(error).__name__}: {error}"
        ) from error


def items(cluster: Cluster, path: str) -> list[dict[str, Any]]:
    """The items of a list at `path` (`/api/v1/nodes`)."""
    answer = ask(path, lambda: cluster.api.get_json(path))
    found: list[dict[str, Any]] = answer["items"]
    return found


def kubectl(
    cluster: Cluster,
    *argv: str,
    timeout_s: float,
    on_line: Callable[[str], None] = lambda _: None,
) -> Completed:
    """Run kubectl as admin inside the first control plane, repeated while the API server restarts.

    A failure for any other reason (a pod that may not be evicted) is raised at once.
    """
    runner = runner_of(cluster.control_planes[0])
    end = time.monotonic() + timeout_s

    def once() -> Completed:
        left_s = max(1.0, end - time.monotonic())
        return runner.follow(
            *("kubectl", "--kubeconfig", ADMIN_CONF, *argv), on_line=on_line, timeout_s=left_s
        )

    retrying = Retrying(
        retry=retry_if_exception(_is_passing),
        stop=stop_after_delay(timeout_s),
        wait=wait_exponential_jitter(multiplier=0.5, max=3),
        reraise=True,
    )
    return retrying(once)


def _is_passing(error: BaseException) -> bool:
    return (
        isinstance(error, CommandFailed)
        and error.returncode is not None
        and _PASSING.search(error.output) is not None
    )


def is_control_plane(node: Node) -> bool:
    """Whether the node runs static pods."""
    return node.role is Role.CONTROL_PLANE
