"""The names of readings about a node's container runtime."""

from __future__ import annotations

__all__ = [
    "NODE_READY",
    "PLEG_LAST_SEEN",
    "PLEG_METRICS",
    "PLEG_RELISTS",
    "PLEG_RELISTS_S",
    "PLEG_RELISTS_UNDER",
    "PROCESS_STARTED",
]

PLEG_LAST_SEEN = "kubelet_pleg_last_seen_seconds"
"""Kubelet: when it last got the list of its pods from the runtime, in seconds since 1970; 0 until
it has got one."""
PLEG_RELISTS = "kubelet_pleg_relist_interval_seconds_count"
"""Kubelet: how many of these lists it has begun to ask for."""
PLEG_RELISTS_S = "kubelet_pleg_relist_interval_seconds_sum"
"""Kubelet: how long the last list that it got was ago whenever it began to ask, added up."""
PLEG_RELISTS_UNDER = "kubelet_pleg_relist_interval_seconds_bucket"
"""Kubelet: how many of these were at most as long ago as the label `le` says, in seconds."""
PROCESS_STARTED = "process_start_time_seconds"
"""Kubelet: when its process was started, in seconds since 1970."""
PLEG_METRICS = (PLEG_LAST_SEEN, PLEG_RELISTS, PLEG_RELISTS_S, PLEG_RELISTS_UNDER, PROCESS_STARTED)
NODE_READY = "node_ready"
"""Our own: 1 when the API server says Ready=True of a node, else 0."""
