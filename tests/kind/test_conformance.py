"""The simulated API against a real one, call by call and field by field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import Api
from e2e.providers.kind import KindProvider, KindSettings
from e2e.timeline import Origin
from e2e.upgrade import Marks, resolve
from e2e.version import KubeVersion
from tests.conformance.facts import all_facts, differences
from tests.conformance.meant import MEANT
from tests.kind.conftest import OLD
from tests.unit.sim.cluster import simulator


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real cluster's; the calls change nothing in it."""
    folder = tmp_path_factory.mktemp("cluster")
    settings = KindSettings(workdir=folder, workers=1, cluster_name="e2e-conformance")
    provider = KindProvider(settings)
    try:
        yield provider.create(provider.plan(resolve([OLD, OLD], [])), Marks(Origin())).kubeconfig
    finally:
        provider.delete()


def test_only_differences_that_are_meant(kubeconfig: Path, tmp_path: Path):
    real = all_facts(Api.from_kubeconfig(kubeconfig))
    with simulator(tmp_path, KubeVersion.parse(OLD), workers=1) as (_, api):
        simulated = all_facts(api)
    found = differences(simulated, real)
    unmeant = [line for line in found if ": ".join(line.split(": ")[:2]) not in MEANT]
    print("\n".join(found))
    assert not unmeant, "\n".join(unmeant)
    still = {": ".join(line.split(": ")[:2]) for line in found}
    assert set(MEANT) == still, "a difference that is no more; take it off the list"
