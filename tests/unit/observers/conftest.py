"""A cluster on the fake API, for observers; tests that need more have an `api` of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.observers import DeployContext, Images
from upgrade_e2e.timeline import Origin

NAMESPACE = "/api/v1/namespaces/upgrade-e2e"


@pytest.fixture
def api() -> FakeApi:
    """An API with nothing in it."""
    return FakeApi()


@pytest.fixture
def api_with_namespace() -> FakeApi:
    """An API with the namespace of observers, for tests of what that owns."""
    made = FakeApi()
    made.put(NAMESPACE, {"kind": "Namespace", "metadata": {"name": "upgrade-e2e"}})
    return made


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Iterator[Cluster]:
    """The cluster that it serves."""
    with fake_cluster(api, tmp_path) as made:
        yield made


@pytest.fixture
def context(cluster: Cluster, tmp_path: Path) -> DeployContext:
    """Where observers deploy."""
    return DeployContext(cluster, Images(), tmp_path, Origin())
