"""Real kind clusters, upgraded in place with kubeadm, node by node."""

from upgrade_e2e.providers.kind.after_create import require_program
from upgrade_e2e.providers.kind.asking_kind import require_accepted
from upgrade_e2e.providers.kind.docker import counted_nodes
from upgrade_e2e.providers.kind.images import known_versions
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.presence import absent_images, what_is_missing
from upgrade_e2e.providers.kind.provider import KindProvider
from upgrade_e2e.providers.kind.remains import REUSED_CLUSTER, sweep_dead
from upgrade_e2e.providers.kind.settings import KindSettings
from upgrade_e2e.providers.kind.skew import older_nodes

__all__ = [
    "REUSED_CLUSTER",
    "KindConfig",
    "KindProvider",
    "KindSettings",
    "absent_images",
    "counted_nodes",
    "known_versions",
    "older_nodes",
    "require_accepted",
    "require_program",
    "sweep_dead",
    "what_is_missing",
]
