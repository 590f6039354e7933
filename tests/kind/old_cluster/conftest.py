"""The cluster that the tests of this folder share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from tests.kind.conftest import NEW, OLD, OLD_CLUSTER, orphans
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Marks, resolve


@pytest.fixture(scope="package")
def old_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster at the old version; gone before the next tests, whose probes want the cores."""
    settings = KindSettings(
        workdir=tmp_path_factory.mktemp("old-cluster"),
        cluster_name=OLD_CLUSTER,
        preload_images=("python:3.11-slim", "nginx:stable"),
    )
    provider = KindProvider(settings)
    plan = provider.plan(resolve([OLD, NEW], []))
    creation = dataclasses.replace(plan, prepare=plan.prepare[:1], upgrade=(), verify=())
    try:
        yield provider.create(creation, Marks(Origin()))
    finally:
        provider.close()
    assert not [name for name in orphans() if name.startswith(OLD_CLUSTER)]
