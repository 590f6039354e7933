"""What etcd is to a cluster: objects by key, one revision counter, and the history of changes."""

from upgrade_e2e_simulator.store.objects import Key, Object, labels_of, name_of, namespace_of
from upgrade_e2e_simulator.store.store import (
    Change,
    Compacted,
    Exists,
    Missing,
    Stale,
    Store,
)

__all__ = [
    "Change",
    "Compacted",
    "Exists",
    "Key",
    "Missing",
    "Object",
    "Stale",
    "Store",
    "labels_of",
    "name_of",
    "namespace_of",
]
