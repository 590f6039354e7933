"""Real kind clusters, upgraded in place with kubeadm, node by node."""

from upgrade_e2e.providers.kind.images import known_versions
from upgrade_e2e.providers.kind.presence import absent_images, what_is_missing
from upgrade_e2e.providers.kind.provider import KindProvider
from upgrade_e2e.providers.kind.remains import sweep_dead
from upgrade_e2e.providers.kind.settings import KindSettings

__all__ = [
    "KindProvider",
    "KindSettings",
    "absent_images",
    "known_versions",
    "sweep_dead",
    "what_is_missing",
]
