"""How long the simulated API may be away, what it raises then, and patches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from upgrade_e2e.cluster.asking import ask

__all__ = ["TRANSIENT", "WITHIN_S", "patch"]

TRANSIENT: tuple[type[Exception], ...] = (*TRANSIENT_API_ERRORS, ValueError)
WITHIN_S = 15.0
"""The simulated API server is away for seconds; after this long it is gone."""


def patch(cluster: Cluster, path: str, body: Mapping[str, Any]) -> None:
    """A strategic merge patch; raises as `ask`."""
    kind = "application/strategic-merge-patch+json"
    ask(
        path,
        lambda: cluster.api.request("PATCH", path, body=dict(body), content_type=kind),
        WITHIN_S,
    )
