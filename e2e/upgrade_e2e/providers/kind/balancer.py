"""The image of the load balancer that kind puts before several control planes."""

from __future__ import annotations

import re

__all__ = ["balancer_of"]

# By the first minor release of kind that has it: pkg/cluster/internal/loadbalancer/const.go.
_SINCE = (
    (24, "docker.io/kindest/haproxy:v20230606-42a2262b"),
    (31, "docker.io/kindest/haproxy:v20251211-v0.29.0-alpha-100-g82a92c5d"),
    (32, "docker.io/envoyproxy/envoy:v1.36.2"),
)
_NEWEST = 33
"""The newest minor release whose image is known."""


def balancer_of(kind_version: str) -> str:
    """The image by what `kind version` prints; empty for a release that is not known here."""
    found = re.search(r"\bv0\.(\d+)\.\d+", kind_version)
    minor = int(found[1]) if found else -1
    fitting = [image for since, image in _SINCE if since <= minor <= _NEWEST]
    return fitting[-1] if fitting else ""
