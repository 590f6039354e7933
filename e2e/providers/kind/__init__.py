"""Real kind clusters, upgraded in place with kubeadm, node by node."""

from e2e.providers.kind.faults import CATALOGUE
from e2e.providers.kind.images import known_versions
from e2e.providers.kind.presence import what_is_missing
from e2e.providers.kind.provider import KindProvider
from e2e.providers.kind.remains import deleters
from e2e.providers.kind.settings import KindSettings

__all__ = [
    "CATALOGUE",
    "KindProvider",
    "KindSettings",
    "deleters",
    "known_versions",
    "what_is_missing",
]
