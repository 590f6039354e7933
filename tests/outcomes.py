"""How a planted fault shows: the same on a real cluster as on a simulated one.

tests/kind/old_cluster/test_faults.py and tests/acceptance/test_sim_faults.py hold both to these
words.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["OUTCOMES"]

OUTCOMES: Mapping[str, Mapping[str, str]] = {
    "no-prestop": {
        "no_connection_is_refused_or_cut": r"refused|reset",
        "the_edge_gives_no_502": r"5xx",
    },
    "coredns-replicas=1 coredns-no-lameduck": {"lookups_keep_answering": r"timeout|refused"},
    "kubelet-qps=1": {"ready_is_visible_soon_after_start": r"started-to-ready"},
}
"""Fault, scenario, and what its explanation matches."""
