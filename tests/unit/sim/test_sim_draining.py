"""A drain of a simulated node that does not end says what holds it, as on a real one."""

from __future__ import annotations

import pytest

from tests.unit.cluster.test_evictions import budget, pod
from tests.unit.kind.fakes import FakeApi
from upgrade_e2e.cluster import Cluster, Node, Role
from upgrade_e2e.errors import Blocked
from upgrade_e2e.providers.sim import draining

PODS = "/api/v1/pods?fieldSelector=spec.nodeName%3Dsim-worker"
BUDGETS = "/apis/policy/v1/poddisruptionbudgets"


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A worker with a pod that no eviction takes away; the API only answers questions."""
    monkeypatch.setattr(draining, "cordon", lambda *_, **__: None)
    monkeypatch.setattr(draining, "_evict", lambda *_: "429: not now")
    held = pod(uid="1")
    with FakeApi({PODS: {"items": [held]}, BUDGETS: {"items": [budget()]}}).serving() as api:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(api.kubeconfig())
        yield Cluster("sim", kubeconfig, (Node("sim-worker", Role.WORKER),))


def test_the_first_line_names_pod_and_budget(cluster):
    with pytest.raises(Blocked) as caught:
        draining.drain(cluster, "worker", 0.1, 100.0, lambda _: None)
    first, second = str(caught.value).splitlines()
    assert first == "shop/web is held by budget shop/web: minAvailable 1 of 1 healthy, 0 may go"
    assert second == ("sim-worker was not drained within 100 ms; left: shop/web (429: not now)")
