"""kubectl as admin on a control plane, while its API server restarts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import CommandFailed
from upgrade_e2e.providers.kind.delivery import runner_of

__all__ = ["kubectl"]

ADMIN_CONF = "/etc/kubernetes/admin.conf"
_PASSING = re.compile(
    r"Forbidden|connection refused|connection reset|connection lost|was refused|no route to host"
    r"|TLS handshake|i/o timeout|context deadline exceeded|Client\.Timeout|\bEOF\b"
    r"|etcdserver: |ServiceUnavailable|InternalError|TooManyRequests|Unauthorized"
    r"|unable to connect to the server|error trying to reach|http2: |the server is currently unable"
    r"|the object has been modified|could not find the requested resource",
    re.IGNORECASE,
)
"""What kubectl says while an API server restarts, and not of what it was asked to do."""


def kubectl(
    cluster: Cluster,
    *argv: str,
    timeout_s: float,
    on_line: Callable[[str], None] = lambda _: None,
    final: re.Pattern[str] | None = None,
) -> Completed:
    """Run kubectl as admin inside the first control plane, repeated while the API server restarts.

    A failure for any other reason (a pod that may not be evicted) is raised at once, and so is one
    whose output matches `final`.
    """
    runner = runner_of(cluster.control_planes[0])
    end = time.monotonic() + timeout_s

    def once() -> Completed:
        left_s = max(1.0, end - time.monotonic())
        return runner.follow(
            *("kubectl", "--kubeconfig", ADMIN_CONF, *argv), on_line=on_line, timeout_s=left_s
        )

    def passes(error: BaseException) -> bool:
        return _is_passing(error) and not (
            final and isinstance(error, CommandFailed) and final.search(error.output)
        )

    retrying = Retrying(
        retry=retry_if_exception(passes),
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
