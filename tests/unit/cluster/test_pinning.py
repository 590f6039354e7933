"""A pod that keeps its node from being drained."""

from __future__ import annotations

import pytest

from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster.pinning import pin_pod
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.wait import Deadline

POD = "/api/v1/namespaces/default/pods/upgrade-e2e-pinned"
BUDGET = "/apis/policy/v1/namespaces/default/poddisruptionbudgets/upgrade-e2e-pinned"
PAUSE = "registry.example/pause:3"


def test_the_budget_never_lets_the_pod_go(tmp_path):
    def kubelet(path, thing):
        if path == POD and "status" not in thing:
            running = [{"ready": True, "state": {"running": {}}}]
            thing["status"] = {"phase": "Running", "containerStatuses": running}

    api = FakeApi(hooks=[kubelet])
    with fake_cluster(api, tmp_path) as cluster:
        pin_pod(cluster, "worker", PAUSE, Deadline(30, every_s=0.01))
    pod, budget = api.objects[POD], api.objects[BUDGET]
    assert pod["spec"]["nodeName"] == "worker"
    assert [one["image"] for one in pod["spec"]["containers"]] == [PAUSE]
    assert budget["spec"]["minAvailable"] == 1
    assert budget["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]


def test_a_pod_that_does_not_start_is_an_error(tmp_path):
    with (
        fake_cluster(FakeApi(), tmp_path) as cluster,
        pytest.raises(DeadlinePassed, match="upgrade-e2e-pinned running on worker"),
    ):
        pin_pod(cluster, "worker", PAUSE, Deadline(0.5, every_s=0.01))
