"""The fault that removes an image which was put on the nodes beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.kind.fakes import MANIFEST, ScriptedRunner
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import FaultNotPlanted
from upgrade_e2e.providers.kind.planting import plant
from upgrade_e2e.upgrade import Step

PAUSE = "registry.k8s.io/pause:3.10.1"
STEP = Step("plant", 60, params={"fault": "lacks-image", "value": PAUSE})
HAS = (0, f"REF TYPE DIGEST\n{PAUSE} {MANIFEST} sha256:{'0' * 64} 1 MiB linux/amd64 -\n")
LACKS = (0, "REF TYPE DIGEST\n")
REMOVE = ("ctr", "--namespace", "k8s.io", "images", "rm", "--sync", PAUSE)


def cluster(**answers: list[tuple[int, str]]) -> Cluster:
    roles = {"control": Role.CONTROL_PLANE, "worker": Role.WORKER, "worker2": Role.WORKER}
    nodes = [
        Node(f"dev-{name}", role, ScriptedRunner(answers=answers[name]))
        for name, role in roles.items()
        if name in answers
    ]
    return Cluster("dev", Path("none"), tuple(nodes))


def commands(cluster: Cluster, node: str) -> list[tuple[str, ...]]:
    runner = cluster.node(node).runner
    assert isinstance(runner, ScriptedRunner)
    return runner.seen


def test_it_is_removed_from_every_worker():
    made = cluster(control=[], worker=[HAS, (0, PAUSE)], worker2=[HAS, (0, PAUSE)])
    plant(STEP, made)
    for node in ("dev-worker", "dev-worker2"):
        assert commands(made, node)[-1][-4:] == REMOVE[-4:]
        assert commands(made, node)[-1][0] == "ctr"
    assert commands(made, "dev-control") == []


def test_in_a_cluster_without_workers_it_is_removed_from_every_node():
    made = cluster(control=[HAS, (0, PAUSE)])
    plant(STEP, made)
    assert PAUSE in commands(made, "dev-control")[-1]


def test_an_image_that_is_not_there_cannot_be_left_out():
    made = cluster(control=[], worker=[HAS], worker2=[LACKS])
    with pytest.raises(FaultNotPlanted, match=r"dev-worker2 has no image .*pause:3\.10\.1"):
        plant(STEP, made)
    assert len(commands(made, "dev-worker")) == 1
