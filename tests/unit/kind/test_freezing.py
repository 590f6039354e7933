"""Freezing a runtime or a node: for how long, which one, and what is done when it is cut short."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.kind.fakes import FakeContainer
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.command import Completed, Runner
from upgrade_e2e.errors import BadInput, CommandFailed
from upgrade_e2e.providers.kind import freezing
from upgrade_e2e.providers.kind.creation import require_exists
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.planting import plant
from upgrade_e2e.providers.kind.remains import REUSED_CLUSTER, delete_cluster, deleters
from upgrade_e2e.providers.kind.undoing import UNDO
from upgrade_e2e.upgrade import Step

NODES = [{"role": "control-plane", "image": "i"}, {"role": "worker", "image": "i"}]
STOP = ("pkill", "--signal", "STOP", "--exact", "containerd")
CONT = ("pkill", "--signal", "CONT", "--exact", "containerd")


@dataclass(frozen=True)
class NotingRunner(Runner):
    """Notes commands, and fails those that it is told to."""

    seen: list[tuple[str, ...]] = field(default_factory=list)
    fails: tuple[str, ...] = ()

    def run(self, *argv: str, timeout_s: float, check: bool = True, **_: Any) -> Completed:
        self.seen.append(argv)
        failed = any(word in argv for word in self.fails)
        if failed and check:
            raise CommandFailed(" ".join(argv), 1, "no", timeout_s)
        return Completed(" ".join(argv), int(failed), "", "no" if failed else "", 0.0)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, without sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(freezing.time, "sleep", slept.append)
    return slept


def cluster(*shorts: str, fails: tuple[str, ...] = ()) -> Cluster:
    roles = {"c": Role.CONTROL_PLANE, "w": Role.WORKER}
    nodes = tuple(
        Node(f"dev-{short}", roles[short[0]], NotingRunner(fails=fails)) for short in shorts
    )
    return Cluster("dev", Path("none"), nodes)


def commands(made: Cluster) -> dict[str, list[tuple[str, ...]]]:
    found = {}
    for node in made.nodes:
        assert isinstance(node.runner, NotingRunner)
        found[node.name] = node.runner.seen
    return found


def step(fault: str, value: str) -> Step:
    return Step("plant", 300.0, params={"fault": fault, "value": value})


def test_the_runtime_of_the_first_worker_stops_for_that_time_and_goes_on(naps):
    made = cluster("control-plane", "worker", "worker2")
    plant(step("runtime-freeze", "60s"), made)
    assert commands(made) == {
        "dev-control-plane": [],
        "dev-worker": [STOP, CONT],
        "dev-worker2": [],
    }
    assert naps == [60.0]


def test_a_node_that_is_named_is_the_one(naps):
    made = cluster("control-plane", "worker", "worker2")
    plant(step("runtime-freeze", "500ms:worker2"), made)
    assert commands(made)["dev-worker2"] == [STOP, CONT]
    assert naps == [0.5]


def test_without_workers_it_is_the_first_node(naps):
    made = cluster("control-plane", "control-plane2")
    plant(step("runtime-freeze", "2s"), made)
    assert commands(made)["dev-control-plane"] == [STOP, CONT]


def test_a_freeze_that_is_interrupted_ends(monkeypatch):
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(freezing.time, "sleep", interrupt)
    made = cluster("worker")
    with pytest.raises(KeyboardInterrupt):
        plant(step("runtime-freeze", "60s"), made)
    assert commands(made)["dev-worker"] == [STOP, CONT]


def test_a_node_without_a_runtime_cannot_be_frozen(naps):
    with pytest.raises(CommandFailed):
        plant(step("runtime-freeze", "60s"), cluster("worker", fails=("pkill",)))
    assert naps == []


def test_a_node_is_paused_for_that_time_and_goes_on(machine, naps):
    machine.make_cluster("dev", NODES)
    docker = Docker(machine.runner)
    plant(step("node-pause", "30s"), cluster("control-plane", "worker"), docker)
    assert machine.ran("docker", "pause") == [("docker", "pause", "dev-worker")]
    assert machine.ran("docker", "unpause") == [("docker", "unpause", "dev-worker")]
    assert naps == [30.0]
    assert not machine.containers["dev-worker"].paused


def test_a_pause_that_is_interrupted_ends(machine, monkeypatch):
    def interrupt(_: float) -> None:
        assert machine.containers["dev-worker"].paused
        raise KeyboardInterrupt

    monkeypatch.setattr(freezing.time, "sleep", interrupt)
    machine.make_cluster("dev", NODES)
    with pytest.raises(KeyboardInterrupt):
        plant(step("node-pause", "30s"), cluster("worker"), Docker(machine.runner))
    assert not machine.containers["dev-worker"].paused


def test_a_node_that_cannot_be_paused_says_why(machine, naps):
    machine.make_cluster("dev", NODES)
    machine.broken["docker pause"] = (1, "cannot pause: no freezer")
    with pytest.raises(CommandFailed, match="no freezer"):
        plant(step("node-pause", "30s"), cluster("worker"), Docker(machine.runner))


def test_what_is_not_paused_or_gone_may_go_on(machine):
    machine.make_cluster("dev", NODES)
    docker = Docker(machine.runner)
    docker.unpause("dev-worker")
    docker.unpause("gone")
    machine.broken["docker unpause"] = (1, "Error: daemon is away")
    with pytest.raises(CommandFailed, match="daemon is away"):
        docker.unpause("dev-worker")


def test_a_cluster_with_a_paused_node_is_deleted(machine):
    machine.make_cluster("dev", NODES)
    machine.containers["dev-worker"].paused = True
    delete_cluster(Docker(machine.runner), "dev")
    assert machine.containers == {}
    assert machine.ran("docker", "unpause") == [("docker", "unpause", "dev-worker")]


def test_a_cluster_that_stays_goes_on_where_a_killed_pass_left_it_frozen(machine):
    machine.make_cluster("theirs", NODES)
    machine.containers["theirs-worker"].paused = True
    machine.containers["theirs-external-load-balancer"] = FakeContainer(
        "envoy", "external-load-balancer", "theirs", running=True
    )
    deleters(machine.runner)[REUSED_CLUSTER]("theirs")
    assert not machine.containers["theirs-worker"].paused
    undone = [argv[3] for argv in machine.ran("docker", *UNDO)]
    assert undone == ["theirs-worker", "theirs-control-plane"]


def test_a_paused_cluster_is_not_taken_over(machine):
    machine.make_cluster("theirs", NODES)
    machine.containers["theirs-worker"].paused = True
    with pytest.raises(BadInput, match="docker unpause theirs-worker"):
        require_exists(Docker(machine.runner), "theirs")
