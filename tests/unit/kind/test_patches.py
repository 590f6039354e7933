"""The folders of patches must be on the nodes before a step needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.kind.fakes import ScriptedRunner
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.patches import require_patches
from upgrade_e2e.providers.kind.procedure import UpgradeConfig

HERE, NOT_HERE = (0, ""), (1, "")


def own(**folders: str) -> UpgradeConfig:
    sections = {command: {"patches": {"directory": folder}} for command, folder in folders.items()}
    return UpgradeConfig(Path("own.yaml"), "0" * 64, sections)


def cluster(**answers: tuple[int, str]) -> Cluster:
    """A control plane and a worker that know only this answer."""
    nodes = []
    for name, role in (("control", Role.CONTROL_PLANE), ("worker", Role.WORKER)):
        said = [answers[name]] if name in answers else []
        nodes.append(Node(f"dev-{name}", role, ScriptedRunner(answers=said)))
    return Cluster("dev", Path("none"), tuple(nodes))


def test_the_first_control_plane_needs_those_of_apply():
    require_patches(own(apply="/patches"), cluster(control=HERE))
    with pytest.raises(BadInput) as caught:
        require_patches(own(apply="/patches"), cluster(control=NOT_HERE))
    assert str(caught.value).startswith("/patches is not on dev-control, where apply of own.yaml")
    assert "extraMounts in --kind-config" in str(caught.value)


def test_all_other_nodes_need_those_of_node():
    require_patches(own(node="/patches"), cluster(worker=HERE))
    with pytest.raises(BadInput, match="/patches is not on dev-worker, where node of own"):
        require_patches(own(node="/patches"), cluster(worker=NOT_HERE))


def test_without_patches_no_node_is_asked():
    require_patches(own(), cluster())
