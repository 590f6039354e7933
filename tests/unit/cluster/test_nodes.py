"""Which nodes are ready, and the names that steps give them."""

from __future__ import annotations

import pytest

from tests.unit.kind.fakes import node, pod
from upgrade_e2e.cluster.nodes import NodeHealth, kubelet_version, node_health, node_of, not_ready
from upgrade_e2e.errors import BadInput

CONTROL, WORKER = "dev-control-plane", "dev-worker"
PROXIES = "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-proxy"


def test_a_step_names_a_node_without_the_name_of_the_cluster(cluster):
    assert node_of(cluster, "worker").name == WORKER
    assert node_of(cluster, "control-plane").name == CONTROL


def test_a_node_that_is_not_there_is_refused_with_those_that_are(cluster):
    with pytest.raises(BadInput, match="no node 'worker9'; the cluster has control-plane, worker"):
        node_of(cluster, "worker9")


def test_a_node_that_the_api_does_not_show_is_not_ready(cluster):
    assert not_ready(cluster, [node(CONTROL), node(WORKER)]) == ()
    assert not_ready(cluster, [node(CONTROL), node(WORKER, ready=False)]) == (WORKER,)
    assert not_ready(cluster, [node(WORKER)]) == (CONTROL,)


def test_the_version_is_that_of_the_kubelet():
    assert kubelet_version(node(WORKER, "v1.34.4")) == "v1.34.4"


def test_the_health_of_the_nodes_is_read(api, cluster):
    api.answers["/api/v1/nodes"] = {"items": [node(CONTROL), node(WORKER, ready=False)]}
    api.answers[PROXIES] = {"items": [pod("a"), pod("b", ready=False)]}
    seen = node_health(cluster)
    assert seen == NodeHealth(nodes=2, not_ready=(WORKER,), proxies_ready=1)
    assert not seen.is_good


@pytest.mark.parametrize(
    ("seen", "good"),
    [
        (NodeHealth(3, (), 3), True),
        (NodeHealth(3, (WORKER,), 3), False),
        (NodeHealth(3, (), 2), False),
        (NodeHealth(3, (), 4), False),
    ],
)
def test_each_node_must_be_ready_and_have_its_proxy(seen, good):
    assert seen.is_good is good
