"""The simulated API against a real one, call by call and field by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.tests.conformance.facts import all_facts, differences
from simulator.tests.conformance.meant import MEANT
from simulator.tests.running import simulator
from tests.kind.conftest import OLD
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.version import KubeVersion


@pytest.mark.thorough(part="faults")
def test_only_differences_that_are_meant(old_cluster: Cluster, tmp_path: Path):
    real = all_facts(old_cluster.api)
    with simulator(tmp_path, KubeVersion.parse(OLD), workers=1) as (_, api):
        simulated = all_facts(api)
    found = differences(simulated, real)
    unmeant = [line for line in found if ": ".join(line.split(": ")[:2]) not in MEANT]
    print("\n".join(found))
    assert not unmeant, "\n".join(unmeant)
    still = {": ".join(line.split(": ")[:2]) for line in found}
    assert set(MEANT) == still, "a difference that is no more; take it off the list"
