"""Faults of one member of etcd: frozen, cut off from the others, without room for writes.

Each lasts for a time and is undone even when that is interrupted. The member is that of the last
control plane, so that programs on the first one go on where there are several.
"""

from __future__ import annotations

import contextlib
import time

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.dropping import BETWEEN_MEMBERS, packets_dropped
from upgrade_e2e.providers.kind.etcd_alarm import health_of, member_of, raise_alarm, take_back
from upgrade_e2e.providers.kind.freezer import stopped
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["FAULTS_OF_ETCD"]

_QUICK_S = 30.0
_MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"


def freeze(cluster: Cluster, duration_s: float) -> None:
    """Stop the member's process, and let it go on."""
    with stopped(_runner(cluster), "etcd"):
        time.sleep(duration_s)


def cut_off(cluster: Cluster, duration_s: float) -> None:
    """Drop every packet between the member and the others; clients still reach it.

    Raises FaultNotPlanted where there are no others.
    """
    if len(cluster.control_planes) == 1:
        raise FaultNotPlanted(
            "the only member of etcd cannot be cut off from others; add --control-planes 3."
        )
    runner = _runner(cluster)
    six = "listen-peer-urls=https://[" in runner.run("cat", _MANIFEST, timeout_s=_QUICK_S).stdout
    with contextlib.ExitStack() as dropping:
        for chain, *matching in BETWEEN_MEMBERS:
            dropping.enter_context(packets_dropped(runner, chain, *matching, ipv6=six))
        time.sleep(duration_s)


def fill(cluster: Cluster, duration_s: float) -> None:
    """Raise the alarm that etcd raises when a database has reached its quota; then disarm it.

    From then on it is all the same to etcd how full the database is: every member refuses writes.
    Really filling 2 GiB takes minutes and cannot be undone without a compaction.
    """
    runner = _runner(cluster)
    member = member_of(runner)
    try:
        raise_alarm(runner, member)
        _await_alarm(runner)
        time.sleep(duration_s)
    finally:
        take_back(runner, member)


FAULTS_OF_ETCD = {"etcd-freeze": freeze, "etcd-cut-off": cut_off, "etcd-no-space": fill}
"""By name in the catalogue, how each is planted for a time in seconds."""


def _runner(cluster: Cluster) -> Runner:
    return runner_of(cluster.control_planes[-1])


def _await_alarm(runner: Runner) -> None:
    """Wait until the member itself says so: a fault that is not there proves nothing."""
    wait_for(
        "the alarm NOSPACE in etcd",
        lambda: health_of(runner),
        lambda said: "NOSPACE" in said,
        Deadline(within_s=20, every_s=0.2),
    )
