"""Faults of one member of etcd: frozen, cut off from the others, without room for writes.

Each lasts for a time and is undone even when that is interrupted. The member is that of the last
control plane, so that programs on the first one go on where there are several.
"""

from __future__ import annotations

import contextlib
import json
import time

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import CommandFailed, FaultNotPlanted
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.dropping import BETWEEN_MEMBERS, packets_dropped
from upgrade_e2e.providers.kind.freezer import stopped
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["FAULTS_OF_ETCD"]

_QUICK_S = 30.0
_MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
_PKI = "/etc/kubernetes/pki/etcd"
_API = (
    *("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "10"),
    *("--cacert", f"{_PKI}/ca.crt", "--cert", f"{_PKI}/server.crt", "--key", f"{_PKI}/server.key"),
)
# The name stands for 127.0.0.1, and in a cluster of IPv6 for ::1.
_URL = "https://localhost:2379/v3/maintenance"
_HEALTH = "http://localhost:2381/health?serializable=true"


def freeze(cluster: Cluster, duration_s: float) -> None:
    """Stop the member's process, and let it go on."""
    with stopped(_runner(cluster), "etcd"):
        time.sleep(duration_s)


def cut_off(cluster: Cluster, duration_s: float) -> None:
    """Drop every packet between the member and the others; clients still reach it.

    Raises FaultNotPlanted where there are no others.
    """
    if len(cluster.control_planes) == 1:
        raise FaultNotPlanted("the only member of etcd cannot be cut off from others.")
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
    member = _ask(runner, "status", {})["header"]["member_id"]
    alarm = {"memberID": member, "alarm": "NOSPACE"}
    try:
        _ask(runner, "alarm", {**alarm, "action": "ACTIVATE"})
        _await_alarm(runner)
        time.sleep(duration_s)
    finally:
        _disarm(runner, alarm)


FAULTS_OF_ETCD = {"etcd-freeze": freeze, "etcd-cut-off": cut_off, "etcd-no-space": fill}
"""By name in the catalogue, how each is planted for a time in seconds."""


def _runner(cluster: Cluster) -> Runner:
    return runner_of(cluster.control_planes[-1])


def _ask(runner: Runner, what: str, question: dict[str, str]) -> dict[str, dict[str, str]]:
    """A question to the member's own API, in JSON."""
    answer = runner.run(*_API, "--data", json.dumps(question), f"{_URL}/{what}", timeout_s=_QUICK_S)
    found: dict[str, dict[str, str]] = json.loads(answer.stdout)
    return found


def _disarm(runner: Runner, alarm: dict[str, str]) -> None:
    """Tried again where it fails: until then the whole cluster takes no write."""
    wait_for(
        "etcd to take back its alarm",
        lambda: _ask(runner, "alarm", {**alarm, "action": "DEACTIVATE"}),
        lambda _: True,
        Deadline(within_s=60, every_s=1.0),
        transient=(CommandFailed, ValueError),
    )


def _await_alarm(runner: Runner) -> None:
    """Wait until the member itself says so: a fault that is not there proves nothing."""
    wait_for(
        "the alarm NOSPACE in etcd",
        lambda: runner.run("curl", "--silent", _HEALTH, timeout_s=_QUICK_S).stdout,
        lambda said: "NOSPACE" in said,
        Deadline(within_s=20, every_s=0.2),
    )
