"""A cluster `dev` of a control plane and a worker, whose API is made of dictionaries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.kind.fakes import FakeApi
from upgrade_e2e.cluster import Cluster, Node, Role


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi().serving() as serving:
        yield serving


@pytest.fixture
def cluster(api, tmp_path) -> Cluster:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    nodes = (Node("dev-control-plane", Role.CONTROL_PLANE), Node("dev-worker", Role.WORKER))
    return Cluster("dev", kubeconfig, nodes)
